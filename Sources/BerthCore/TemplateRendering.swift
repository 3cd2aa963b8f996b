/// A template with everything filled in: what each agent of one session is started with.
package struct TemplateRendering: Sendable {
    package let template: SessionTemplate
    package let session: SessionName
    package let lease: LeaseID
    package let values: TemplateValues
    /// One for each agent, in the template's order.
    private let ports: [Port]

    /// - Throws: `internal` for a block that has not one port for each agent.
    package init(
        _ template: SessionTemplate, session: SessionName, lease: LeaseID, block: PortBlock, values: TemplateValues
    ) throws(BerthError) {
        guard block.count == template.agents.count else {
            throw BerthError(
                .internal, "The block \(block) does not fit the \(template.agents.count) agents of \(template.name).")
        }
        self.template = template
        self.session = session
        self.lease = lease
        self.values = values
        ports = Array(block.ports)
    }

    /// What the agents are started with, in the template's order.
    /// - Parameter cidfile: where an agent's container writes its id.
    package func agents(cidfile: (AgentName) -> String) throws(BerthError) -> [RenderedAgent] {
        var rendered: [RenderedAgent] = []
        for (agent, port) in zip(template.agents, ports) {
            let path = agent.isContainer ? cidfile(agent.name) : nil
            var arguments: [String] = []
            for text in agent.command { arguments.append(try fill(text, port, cidfile: path)) }
            var environment = variables(of: agent, port)
            for (name, text) in agent.environment { environment[name] = try fill(text, port, cidfile: path) }
            rendered.append(
                RenderedAgent(template: agent, port: port, arguments: arguments, environment: environment))
        }
        return rendered
    }

    /// What `berth run` gives its command, with the agent's own port and name. The template's own values beat these.
    private func variables(of agent: AgentTemplate, _ port: Port) -> [String: String] {
        let block = BlockVariables.list(
            lease: lease.number, session: session.rawValue, ports: ports.map { Int($0.number) },
            agents: zip(template.agents, ports).map { (name: $0.name.rawValue, port: Int($1.number)) })
        var variables = Dictionary(block.map { ($0.name, $0.value) }) { _, last in last }
        variables["PORT"] = "\(port.number)"
        variables["BERTH_AGENT"] = agent.name.rawValue
        return variables
    }

    private func fill(_ text: TemplateText, _ own: Port, cidfile: String?) throws(BerthError) -> String {
        switch text {
        case .variable(let name):
            guard let value = values.all[name] else { throw Self.unfit("the variable \(name) has no value") }
            return value
        case .pieces(let pieces):
            var filled = ""
            for piece in pieces {
                switch piece {
                case .literal(let literal): filled += literal
                case .port(nil): filled += "\(own.number)"
                case .port(let name?): filled += "\(try port(of: name).number)"
                case .url(let name): filled += "http://127.0.0.1:\(try port(of: name).number)"
                case .session: filled += session.rawValue
                case .cidfile:
                    guard let cidfile else { throw Self.unfit("{cidfile} stands in an agent that is no container") }
                    filled += cidfile
                }
            }
            return filled
        }
    }

    private func port(of name: AgentName) throws(BerthError) -> Port {
        guard let index = template.agents.firstIndex(where: { $0.name == name }) else {
            throw Self.unfit("there is no agent \(name)")
        }
        return ports[index]
    }

    /// The reader of the configuration lets no such template in.
    private static func unfit(_ why: String) -> BerthError {
        BerthError(.internal, "The template cannot be filled in: \(why).")
    }
}

/// One agent, ready to be started.
package struct RenderedAgent: Hashable, Sendable {
    package let template: AgentTemplate
    package let port: Port
    /// The program first.
    package let arguments: [String]
    /// What is added to the environment that the process gets anyway.
    package let environment: [String: String]

    package init(template: AgentTemplate, port: Port, arguments: [String], environment: [String: String]) {
        self.template = template
        self.port = port
        self.arguments = arguments
        self.environment = environment
    }
}
