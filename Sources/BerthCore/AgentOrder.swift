/// All that an agent's process is started with.
package struct AgentOrder: Hashable, Sendable {
    /// The program, which is looked for along `PATH` unless it holds a `/`, and its arguments. Never through a shell.
    package let arguments: [String]
    /// Variables beside and above those that every agent has: `PATH`, `LANG`, `LC_*`, `TZ` as the daemon has them, and
    /// `HOME`, `USER`, `LOGNAME`, `SHELL` of the agent's user. Nothing else comes from the daemon.
    package let environment: [String: String]
    /// An absolute path.
    package let workingDirectory: String
    /// Whom it runs as; nil for the daemon's own user.
    package let user: String?
    /// The file that its standard output and error are appended to; its folder is made.
    package let logPath: String
    /// Where the command writes its container's id, for a command that starts a container. What lies there is removed.
    package let cidfile: String?

    package init(
        arguments: [String], environment: [String: String], workingDirectory: String, user: String?, logPath: String,
        cidfile: String? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.logPath = logPath
        self.cidfile = cidfile
    }
}

/// How a process ended.
package enum AgentEnd: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// It was no child of this daemon, whose parent alone hears it.
    case unknown
}

/// What came of stopping an agent.
package enum StopOutcome: Hashable, Sendable {
    /// Nothing of it lived any more.
    case gone
    /// All of it ended within the grace.
    case ended
    /// So many processes had to be killed.
    case killed(Int)
    /// So many processes are left although they were killed: they wait for a disk, or we may send them nothing.
    case left(Int)
}

/// A container that an agent's command started.
package struct AgentContainer: Hashable, Sendable {
    package let id: ContainerID
    /// The engine's command: the first argument of the agent's, as `docker` or `podman`.
    package let program: String
    /// As the agent's.
    package let environment: [String: String]
    /// Whom the command runs as; nil for the daemon's own user.
    package let user: String?

    package init(id: ContainerID, program: String, environment: [String: String], user: String?) {
        self.id = id
        self.program = program
        self.environment = environment
        self.user = user
    }
}

/// A container's full id: 64 hexadecimal digits.
package struct ContainerID: Hashable, Sendable {
    package let text: String

    /// Nil for anything else.
    package init?(_ text: String) {
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard text.utf8.count == 64, text.utf8.allSatisfy(isDigit) else { return nil }
        self.text = text
    }
}

/// What a container's engine says of it.
package enum ContainerState: Hashable, Sendable {
    case running
    /// It has ended, or there is no such container.
    case ended
    /// The engine does not answer, or not in words that are known.
    case unknown
}
