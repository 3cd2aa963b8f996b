import Glibc

/// A process that a test started. When it is let go of, it and whatever it started are killed.
final class ChildProcess {
    /// How a process ended.
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    let id: pid_t
    let outputPath: String
    let errorPath: String
    private var end: End?

    /// - Parameter log: where both streams are kept, as `<log>.out` and `<log>.err`.
    init(_ command: [String], environment: [String: String], log: String) throws {
        outputPath = log + ".out"
        errorPath = log + ".err"
        id = try Spawn.start(command, environment: environment, output: outputPath, errors: errorPath)
        try Warden.shared.tell("watch \(id)")
    }

    deinit { kill() }

    var output: String { TemporaryFolder.text(outputPath) }
    var errors: String { TemporaryFolder.text(errorPath) }

    /// How it ended; nil while it runs.
    func status() throws -> End? {
        if let end { return end }
        var status: Int32 = 0
        let result = waitpid(id, &status, WNOHANG)
        guard result >= 0 else { throw HarnessError.system("waitpid") }
        guard result == id else { return nil }
        end = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
        return end
    }

    func signal(_ number: Int32) { if end == nil { Glibc.kill(id, number) } }

    /// Waits for its end.
    /// - Throws: when it still runs after that time.
    func wait(within seconds: Double) throws -> End {
        guard let end = try eventually(within: seconds, { try status() }) else {
            throw HarnessError("process \(id) still runs after \(seconds) s: \(errors.suffix(800))")
        }
        return end
    }

    /// Kills it and its group, and waits until it is gone. SIGKILL needs no consent, so this ends.
    func kill() {
        Glibc.kill(-id, SIGKILL)
        if end == nil {
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            end = .signalled(SIGKILL)
        }
        // A warden that is gone has nothing to forget.
        _ = try? Warden.shared.tell("drop \(id)")
    }
}
