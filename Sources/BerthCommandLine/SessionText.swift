package import BerthAPI
package import BerthCore

extension TextTable {
    /// `berth session ls`.
    package static func madeSessions(_ sessions: [SessionResource], now: Instant) -> TextTable {
        var table = TextTable(
            ["SESSION", "TEMPLATE", "PHASE", "AGENTS", "PORTS", "PRINCIPAL", "STARTED"], numeric: ["PORTS"])
        for session in sessions {
            let phase = session.made?.phase ?? session.state
            table.add([
                Cell(session.name), Cell(session.made?.template ?? "-"), Cell(phase, .phase(phase)),
                Cell(session.made?.runningText ?? "-"), Cell(String(session.ports)), Cell(session.principal),
                Cell(RelativeTime.text(session.createdAt, now: now)),
            ])
        }
        return table
    }

    /// `berth session start`: the agents and where they are.
    package static func agents(_ agents: [SessionAgentResource]) -> TextTable {
        var table = TextTable(["AGENT", "PORT", "PID", "STATE", "URL"], numeric: ["PORT", "PID"])
        for agent in agents {
            table.add([
                Cell(agent.name), Cell(agent.port.map { String($0) } ?? "-"), Cell(agent.pid.map { String($0) } ?? "-"),
                Cell(agent.state, .state(agent.state == "running" ? "active" : agent.state)), Cell(agent.url ?? "-"),
            ])
        }
        return table
    }
}

extension TemplateMembers {
    /// How many of its agents run: `5/6`.
    fileprivate var runningText: String { "\(agents.count { $0.state == "running" })/\(agents.count)" }
}

extension TerminalStyle.Look {
    fileprivate static func phase(_ phase: String) -> TerminalStyle.Look {
        switch phase {
        case "running", "active": .good
        default: .faint
        }
    }
}

/// `--var NAME=VALUE` of `berth session start`.
package struct VariableArgument: Hashable, Sendable {
    package let name: String
    package let value: String

    /// Nil for what has no name or no `=`. The value is all behind the first one, and may be empty.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let value = parts.last, parts.count == 2,
            VariableName(rawValue: String(name)) != nil
        else { return nil }
        self.name = String(name)
        self.value = String(value)
    }

    /// The values by their names.
    /// - Throws: ``UsageError`` for a name that is given twice.
    package static func values(_ arguments: [VariableArgument]) throws(UsageError) -> [String: String] {
        var values: [String: String] = [:]
        for argument in arguments where values.updateValue(argument.value, forKey: argument.name) != nil {
            throw UsageError("The variable '\(argument.name)' is given twice.")
        }
        return values
    }
}
