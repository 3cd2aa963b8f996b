/// One agent of a template: how its process is started, known to be ready, started anew and stopped.
package struct AgentTemplate: Hashable, Sendable {
    package let name: AgentName
    /// The program and its arguments, never through a shell.
    package let command: [TemplateText]
    package let environment: [String: TemplateText]
    /// An absolute path; nil for `/`.
    package let workingDirectory: String?
    package let readiness: Readiness
    package let restart: RestartRule
    package let stop: StopRule
    /// The command starts a container and writes its id where `{cidfile}` says.
    package let isContainer: Bool

    package init(
        name: AgentName, command: [TemplateText], environment: [String: TemplateText], workingDirectory: String?,
        readiness: Readiness, restart: RestartRule, stop: StopRule, isContainer: Bool
    ) {
        self.name = name
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.readiness = readiness
        self.restart = restart
        self.stop = stop
        self.isContainer = isContainer
    }
}

/// How it is known that an agent serves on its port.
package enum Readiness: Hashable, Sendable {
    /// A connection is accepted.
    case tcp
    /// `GET` of this path is answered with a status from 200 to 399.
    case http(path: String)
    /// The agent card is answered with 200 and JSON: `/.well-known/agent-card.json`, or the older `agent.json`.
    case card
}

/// Whether an agent that ended by itself is started again, and how soon.
package struct RestartRule: Hashable, Sendable {
    /// After which ends it is started again.
    package enum Policy: String, Hashable, CaseIterable, Sendable {
        case always
        /// Unless it exited with 0.
        case onFailure = "on-failure"
        case never
    }

    package let policy: Policy
    /// The wait before the first restart; it doubles with each one, up to `maxBackoffSeconds`, and starts over when the
    /// agent has run for that long.
    package let backoffSeconds: Double
    package let maxBackoffSeconds: Double

    package init(policy: Policy, backoffSeconds: Double, maxBackoffSeconds: Double) {
        self.policy = policy
        self.backoffSeconds = backoffSeconds
        self.maxBackoffSeconds = maxBackoffSeconds
    }
}

/// How an agent is stopped.
package struct StopRule: Hashable, Sendable {
    /// The signal's number, for its process group.
    package let signal: Int32
    /// How long it has until SIGKILL.
    package let graceSeconds: Double

    package init(signal: Int32, graceSeconds: Double) {
        self.signal = signal
        self.graceSeconds = graceSeconds
    }
}

/// An argument or an environment value of a template.
///
/// A variable's value is the whole of it or no part at all, so that nothing that a caller sends is ever taken apart by the
/// program, or joined to an option.
package enum TemplateText: Hashable, Sendable {
    case variable(VariableName)
    case pieces([Piece])

    /// A part of a text that no variable fills.
    package enum Piece: Hashable, Sendable {
        case literal(String)
        /// `{port}`, or another agent's: `{port:team-1}`.
        case port(AgentName?)
        /// `{url:team-1}`: `http://127.0.0.1:<port>` of an agent.
        case url(AgentName)
        /// `{session}`: the session's name.
        case session
        /// `{cidfile}`: where a container's id is to be written.
        case cidfile
    }
}
