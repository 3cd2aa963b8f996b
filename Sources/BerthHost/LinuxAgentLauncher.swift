package import BerthCore
internal import Glibc

/// Starts agents as processes of this host, by shims (``AgentShim``), and ends them.
///
/// An agent leads a session of its own, reads nothing, appends to its log, has the umask 022, all signals as usual, no
/// descriptor of the daemon's and the limit of open files that the daemon was started with. It outlives the daemon.
package struct LinuxAgentLauncher: AgentLauncher {
    private let spawn: AgentSpawn
    private let environment: AgentEnvironment
    private let descriptorLimit: UInt64?
    private let logBound: Int64

    /// - Parameters:
    ///   - descriptorLimit: the soft limit of open files that agents get; nil for that of this process. A daemon that
    ///     raises its own (``FileDescriptorLimit``) reads it before.
    ///   - logBound: how much of each log is kept.
    ///   - environment: the daemon's environment, of which agents get little.
    package init(
        processes: LinuxProcessTable, descriptorLimit: UInt64?, logBound: Int64 = BoundedLog.standardBound,
        environment: [String: String] = OwnProcess.variables
    ) {
        self.init(
            processes: processes, descriptorLimit: descriptorLimit, logBound: logBound, environment: environment
        ) { spawn throws(SystemError) in try spawn.start() }
    }

    /// As ``init(processes:descriptorLimit:logBound:environment:)``, with another way to start the program of the shim.
    init(
        processes: LinuxProcessTable, descriptorLimit: UInt64?, logBound: Int64, environment: [String: String],
        startProgram: @escaping @Sendable (CommandSpawn) throws(SystemError) -> Int32
    ) {
        spawn = AgentSpawn(processes: processes, children: ChildTable(), startProgram: startProgram)
        self.environment = AgentEnvironment(own: environment)
        self.descriptorLimit = descriptorLimit
        self.logBound = logBound
    }

    package func prepare(_ order: AgentOrder) throws(BerthError) -> any PreparedAgent {
        let shimOrder = try shimOrder(
            order.arguments, order.environment, workingDirectory: order.workingDirectory, user: order.user)
        if let cidfile = order.cidfile { try ContainerFile(cidfile).makeRoom() }
        let log = try AgentLogFile.openToAppend(order.logPath)
        defer { close(log) }
        return LinuxPreparedAgent(try spawn.start(shimOrder, output: log), children: spawn.children)
    }

    package func stop(_ agent: ProcessIdentity, signal: Int32, graceMilliseconds: Int64) async -> StopOutcome {
        await DedicatedThread.run { [spawn] in
            var stopper = AgentStopper(agent, processes: spawn.processes, children: spawn.children)
            return stopper.stop(signal: signal, grace: .milliseconds(graceMilliseconds))
        }
    }

    package func reap(_ agent: ProcessIdentity) -> AgentEnd? {
        let end = spawn.children.takeEnd(of: agent)
        return end == .unknown && spawn.processes.isAlive(agent) ? nil : end
    }

    package func trimLog(_ path: String) throws(BerthError) { try BoundedLog(path, bound: logBound).trim() }

    package func tailOfLog(_ path: String, bytes: Int) throws(BerthError) -> String {
        try BoundedLog(path, bound: logBound).tail(bytes: bytes)
    }

    /// As ``BoundedLog/part(behind:maxBytes:)``.
    package func readLog(
        _ path: String, behind position: Int64?, maxBytes: Int
    ) throws(BerthError) -> (bytes: [UInt8], end: Int64) {
        try BoundedLog(path, bound: logBound).part(behind: position, maxBytes: maxBytes)
    }

    package func removeLog(_ path: String) throws(BerthError) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw AgentLogFile.unusable(path, errno)
        }
        // One that holds other logs stays.
        if let slash = path.lastIndex(of: "/") { rmdir(String(path[..<slash])) }
    }

    package func containerID(at cidfile: String) throws(BerthError) -> ContainerID? {
        try ContainerFile(cidfile).read()
    }

    package func state(of container: AgentContainer) async -> ContainerState {
        await control(container).state()
    }

    package func stop(_ container: AgentContainer, graceMilliseconds: Int64) async throws(BerthError) {
        try await control(container).stop(graceMilliseconds: graceMilliseconds)
    }

    private func control(_ container: AgentContainer) -> ContainerControl {
        ContainerControl(container) { [self] arguments, limit async throws(BerthError) in
            let order = try shimOrder(
                arguments, container.environment, workingDirectory: "/", user: container.user)
            return try await ShortCommand(order, spawn: spawn).run(limit: limit)
        }
    }

    private func shimOrder(
        _ arguments: [String], _ variables: [String: String], workingDirectory: String, user: String?
    ) throws(BerthError) -> AgentShimOrder {
        let texts = arguments + variables.flatMap { [$0.key, $0.value] } + [workingDirectory, user ?? ""]
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw BerthError(.configuration, "A text with a zero character can't be passed to a program.")
        }
        guard let program = arguments.first, !program.isEmpty else {
            throw BerthError(.configuration, "An agent's command names no program.")
        }
        if let name = variables.keys.sorted().first(where: { $0.isEmpty || $0.contains("=") }) {
            throw BerthError(.configuration, "\"\(name)\" is no name of an environment variable.")
        }
        guard workingDirectory.hasPrefix("/") else {
            throw BerthError(.configuration, "The working directory \(workingDirectory) is no absolute path.")
        }
        return AgentShimOrder(
            arguments: arguments, environment: environment.with(variables), workingDirectory: workingDirectory,
            user: user, descriptorLimit: descriptorLimit)
    }
}
