internal import BerthCore
internal import CBerthLinux
internal import Glibc

/// A shim that was started: a child that waits for its word.
struct StartedShim {
    let process: ProcessIdentity
    /// Our end of the pair of sockets on which the word is said.
    let go: Int32
    /// Our end of the pipe on which a refusal is told.
    let report: Int32
}

/// Starts shims (``AgentShim``).
struct AgentSpawn: Sendable {
    let processes: LinuxProcessTable
    let children: ChildTable
    /// Starts the program that has the shim in it.
    let startProgram: @Sendable (CommandSpawn) throws(SystemError) -> Int32

    /// - Parameter output: what its standard output and error are.
    func start(_ order: AgentShimOrder, output: Int32) throws(BerthError) -> StartedShim {
        do {
            return try spawn(order, output)
        } catch {
            throw BerthError(.internal, "No process could be made for an agent.", cause: error)
        }
    }

    private func spawn(_ order: AgentShimOrder, _ output: Int32) throws -> StartedShim {
        let file = try order.file()
        defer { close(file) }
        // A pair of sockets and no pipe: a word to a shim that was killed is no SIGPIPE for us.
        var ends: [Int32] = [-1, -1]
        let result = berth_socket_pair(&ends)
        guard result >= 0 else { throw SystemError("socketpair(2)", -result) }
        defer { close(ends[1]) }
        let report: Pipe
        let pid: Int32
        do {
            report = try Pipe()
        } catch {
            close(ends[0])
            throw error
        }
        defer { report.closeWriter() }
        do {
            pid = try startProgram(
                CommandSpawn(
                    arguments: AgentShim.arguments(order: file, go: ends[1], report: report.writer), environment: [],
                    descriptors: [file, ends[1], report.writer], restoresSIGPIPE: true, apartWithOutput: output))
        } catch {
            close(ends[0])
            report.closeReader()
            throw error
        }
        guard let process = processes.identify(pid) else {
            close(ends[0])
            report.closeReader()
            var status: Int32 = 0
            Glibc.kill(pid, SIGKILL)
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            throw SystemError("look at the process \(pid)", ESRCH)
        }
        children.add(process)
        return StartedShim(process: process, go: ends[0], report: report.reader)
    }
}
