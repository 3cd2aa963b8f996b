package import BerthCore

/// A session as it stands on the wire.
package struct SessionResource: Codable, Hashable, Sendable {
    package var name: String
    /// `active` or `ended`.
    package var state: String
    package var principal: String
    package var createdAt: String
    package var endedAt: String?
    package var leases: Int
    package var ports: Int
    /// Beside these, what a session has that was made from a template; nil for every other.
    package var made: TemplateMembers?

    enum CodingKeys: String, CodingKey {
        case name, state, principal, leases, ports, template
        case createdAt = "created_at"
        case endedAt = "ended_at"
    }

    package init(_ session: Session, _ made: TemplateMembers? = nil) {
        name = session.name.rawValue
        state = session.endedAt == nil ? "active" : "ended"
        principal = session.principal.description
        createdAt = session.createdAt.description
        endedAt = session.endedAt?.description
        leases = session.leases
        ports = session.ports
        self.made = made
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        state = try container.decode(String.self, forKey: .state)
        principal = try container.decode(String.self, forKey: .principal)
        createdAt = try container.decode(String.self, forKey: .createdAt)
        endedAt = try container.decodeIfPresent(String.self, forKey: .endedAt)
        leases = try container.decode(Int.self, forKey: .leases)
        ports = try container.decode(Int.self, forKey: .ports)
        made = container.contains(.template) ? try TemplateMembers(from: decoder) : nil
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(principal, forKey: .principal)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(endedAt, forKey: .endedAt)
        try container.encode(leases, forKey: .leases)
        try container.encode(ports, forKey: .ports)
        try made?.encode(to: encoder)
    }
}

/// The members of a session that was made from a template.
package struct TemplateMembers: Codable, Hashable, Sendable {
    package var template: String
    /// `starting`, `running`, `asleep` or `stopping`; nil once it has ended.
    package var phase: String?
    /// Nil while it has none.
    package var leaseID: Int64?
    /// In the template's order.
    package var agents: [SessionAgentResource]
    /// The agents' URLs by their names.
    package var agentURLs: [String: String]

    enum CodingKeys: String, CodingKey {
        case template, phase, agents
        case leaseID = "lease_id"
        case agentURLs = "agent_urls"
    }

    package init(template: String, phase: String?, leaseID: Int64?, agents: [SessionAgentResource]) {
        self.template = template
        self.phase = phase
        self.leaseID = leaseID
        self.agents = agents
        agentURLs = Dictionary(agents.compactMap { agent in agent.url.map { (agent.name, $0) } }) { first, _ in first }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(template, forKey: .template)
        try container.encode(phase, forKey: .phase)
        try container.encode(leaseID, forKey: .leaseID)
        try container.encode(agents, forKey: .agents)
        try container.encode(agentURLs, forKey: .agentURLs)
    }
}

/// One agent of a session.
package struct SessionAgentResource: Codable, Hashable, Sendable {
    package var name: String
    /// Nil while the session has no ports.
    package var port: Int?
    /// Where it is reached, with a slash at its end.
    package var url: String?
    /// Nil while no process runs.
    package var pid: Int32?
    /// `reserved`, `running`, `exited`.
    package var state: String

    package init(_ agent: Agent, url: String?) {
        self.init(
            name: agent.name.rawValue, port: Int(agent.port.number), url: url, pid: agent.state.runningProcess?.pid,
            state: agent.state.word)
    }

    /// An agent of a session that has no ports while it sleeps.
    package init(asleep name: AgentName, url: String?) {
        self.init(name: name.rawValue, port: nil, url: url, pid: nil, state: "exited")
    }

    package init(name: String, port: Int?, url: String?, pid: Int32?, state: String) {
        self.name = name
        self.port = port
        self.url = url
        self.pid = pid
        self.state = state
    }

    enum CodingKeys: String, CodingKey { case name, port, url, pid, state }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(port, forKey: .port)
        try container.encode(url, forKey: .url)
        try container.encode(pid, forKey: .pid)
        try container.encode(state, forKey: .state)
    }
}

/// The answer of `POST /v1/sessions`: the session, with what opens it at the router.
package struct StartedSession: Codable, Hashable, Sendable {
    package var session: SessionResource
    /// Nil where there is no router to open.
    package var token: String?

    enum CodingKeys: String, CodingKey { case token }

    package init(_ session: SessionResource, token: String?) {
        self.session = session
        self.token = token
    }

    package init(from decoder: any Decoder) throws {
        session = try SessionResource(from: decoder)
        token = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .token)
    }

    package func encode(to encoder: any Encoder) throws {
        try session.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(token, forKey: .token)
    }
}

/// The answer of `GET /v1/sessions/{name}/agents`.
package struct AgentCatalogue: Codable, Hashable, Sendable {
    /// One agent, and where its card is.
    package struct Entry: Codable, Hashable, Sendable {
        package var agent: SessionAgentResource
        /// Where an A2A agent has its card; nil where the agent has no URL.
        package var cardURL: String?

        enum CodingKeys: String, CodingKey { case cardURL = "card_url" }

        package init(_ agent: SessionAgentResource) {
            self.agent = agent
            cardURL = agent.url.map { $0 + ".well-known/agent-card.json" }
        }

        package init(from decoder: any Decoder) throws {
            agent = try SessionAgentResource(from: decoder)
            cardURL = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .cardURL)
        }

        package func encode(to encoder: any Encoder) throws {
            try agent.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(cardURL, forKey: .cardURL)
        }
    }

    package var session: String
    package var agents: [Entry]

    package init(session: String, agents: [SessionAgentResource]) {
        self.session = session
        self.agents = agents.map(Entry.init)
    }
}
