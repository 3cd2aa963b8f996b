internal import BerthCore
internal import CBerthLinux
internal import Glibc

/// A command that is run to its end for what it says.
struct ShortCommand {
    private let order: AgentShimOrder
    private let spawn: AgentSpawn

    /// How much of its output is looked at.
    private static let outputBound = 65536

    init(_ order: AgentShimOrder, spawn: AgentSpawn) {
        self.order = order
        self.spawn = spawn
    }

    /// - Parameter limit: after so long it is killed, with all that it started.
    /// - Throws: ``ErrorCode/configuration`` when it can't be executed.
    func run(limit: Duration) async throws(BerthError) -> (end: AgentEnd, output: String) {
        let output = berth_memory_file("berth-output")
        guard output >= 0 else {
            throw BerthError(
                .internal, "A command's output can't be kept.", cause: SystemError("memfd_create(2)", -output))
        }
        defer { close(output) }
        let prepared = LinuxPreparedAgent(try spawn.start(order, output: output), children: spawn.children)
        let process = prepared.process
        try await prepared.go()
        let spawn = spawn
        await DedicatedThread.run {
            if Self.waits(for: process, spawn, limit) { return }
            var stopper = AgentStopper(process, processes: spawn.processes, children: spawn.children)
            _ = stopper.stop(signal: SIGKILL, grace: .zero)
        }
        var bytes = [UInt8](repeating: 0, count: Self.outputBound)
        let length = pread(output, &bytes, bytes.count, 0)
        let text = String(decoding: bytes[..<max(0, length)], as: UTF8.self)
        return (spawn.children.takeEnd(of: process) ?? .unknown, text)
    }

    /// Waits for its end. What it leaves behind may be wanted, as the watcher of a container is.
    /// - Returns: whether it came in time.
    private static func waits(for process: ProcessIdentity, _ spawn: AgentSpawn, _ limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        let access = spawn.processes.access
        let key = AgentProcess.Key(pid: process.pid, startTicks: process.startTicks)
        guard let child = AgentFamily(agent: process, access: access).open(key) else { return true }
        while !child.hasEnded(in: access.folder) {
            let left = deadline - ContinuousClock.now
            guard left > .zero else { return false }
            child.waitForEnd(atMost: left)
        }
        return true
    }
}
