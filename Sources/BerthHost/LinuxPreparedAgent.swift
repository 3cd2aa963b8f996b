internal import BerthCore
internal import Glibc
internal import Synchronization

/// A shim that waits for its word (``AgentShim``).
///
/// No pipe is left between the daemon and the agent once it is executed, so that the agent outlives the daemon.
final class LinuxPreparedAgent: PreparedAgent {
    let process: ProcessIdentity
    private let children: ChildTable
    /// Nil once the word was said, or taken back.
    private let shim: Mutex<StartedShim?>

    /// How long the execution may take: a working directory on a disk that does not answer would take for ever.
    private static let patienceMilliseconds: Int32 = 30_000

    init(_ shim: StartedShim, children: ChildTable) {
        process = shim.process
        self.children = children
        self.shim = Mutex(shim)
    }

    deinit { if let shim = take() { end(shim) } }

    func go() async throws(BerthError) {
        guard let shim = take() else {
            throw BerthError(.internal, "An agent's process was told to go, or to end, before.")
        }
        var word = AgentShim.word
        send(shim.go, &word, 1, Int32(MSG_NOSIGNAL))
        close(shim.go)
        let refusal = await DedicatedThread.run { Self.refusal(on: shim.report) }
        guard let refusal else { return }
        await DedicatedThread.run { [self] in kill() }
        throw BerthError(.configuration, refusal)
    }

    func cancel() async {
        guard let shim = take() else { return }
        await DedicatedThread.run { [self] in end(shim) }
    }

    private func take() -> StartedShim? {
        shim.withLock { shim in
            defer { shim = nil }
            return shim
        }
    }

    private func end(_ shim: StartedShim) {
        close(shim.go)
        close(shim.report)
        kill()
    }

    /// Ends the child and reaps it. Its number is its own as long as it is not reaped.
    private func kill() {
        Glibc.kill(process.pid, SIGKILL)
        var information = siginfo_t()
        while waitid(P_PID, id_t(process.pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        _ = children.takeEnd(of: process)
    }

    /// What the shim says until its end of the pipe is closed: nothing when the program was executed.
    private static func refusal(on report: Int32) -> String? {
        defer { close(report) }
        var text: [UInt8] = []
        while true {
            var wait = pollfd(fd: report, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, patienceMilliseconds)
            if ready < 0, errno == EINTR { continue }
            if ready == 0 { return "The program was not executed within \(patienceMilliseconds / 1000) s." }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let length = read(report, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { return text.isEmpty ? nil : String(decoding: text, as: UTF8.self) }
            text += chunk[..<length]
        }
    }
}
