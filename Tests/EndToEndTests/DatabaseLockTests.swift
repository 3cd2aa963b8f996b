import Glibc
import Testing

@Suite struct `The lock of the database` {
    /// The lock in the hands of this process, as a command without a daemon has it for a transaction, or as a daemon.
    private final class Held {
        private let file: Int32
        private let opens: Int32

        init(_ database: String, as purpose: String) throws {
            let path = database + ".lock"
            file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            opens = inotify_init1(Int32(IN_CLOEXEC))
            let text = "\(getpid()) \(purpose)\n"
            guard file >= 0, opens >= 0, flock(file, LOCK_EX | LOCK_NB) == 0, write(file, text, text.utf8.count) > 0,
                inotify_add_watch(opens, path, UInt32(IN_OPEN)) >= 0
            else { throw HarnessError.system("hold \(path)") }
        }

        deinit {
            release()
            close(opens)
        }

        /// Waits until somebody tries for the lock.
        func awaitAttempt() throws {
            var wait = pollfd(fd: opens, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 20_000) == 1 else { throw HarnessError("nobody tries for the lock") }
            var events = [UInt8](repeating: 0, count: 4096)
            guard read(opens, &events, events.count) > 0 else { throw HarnessError.system("read of inotify") }
        }

        func release() {
            ftruncate(file, 0)
            flock(file, LOCK_UN)
        }
    }

    @Test func `is waited for by a daemon while a command has it`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let held = try Held(daemon.database, as: "run")
        let child = try daemon.launch()
        // It comes again, so it waits.
        for _ in 0..<3 { try held.awaitAttempt() }
        #expect(try child.status() == nil)
        held.release()
        #expect(try becomesTrue(within: 20) { try child.status() != nil || (try? daemon.pool()) != nil })
        #expect(try child.status() == nil, "\(daemon.log)")
    }

    @Test func `is not waited for by a daemon while another one has it`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let held = try Held(daemon.database, as: "serve")
        let watch = Stopwatch()
        #expect(try daemon.launch().wait(within: 20) == .exited(75))
        // Far from the five seconds that it would wait for a command.
        #expect(watch.seconds < 4)
        #expect(daemon.log.contains("PID \(getpid())"), "\(daemon.log)")
        held.release()
    }

    @Test(arguments: ["run", "serve"])
    func `is waited for by a command`(purpose: String) throws {
        let daemon = try Daemon()
        var commands = daemon.commands
        commands.environment["BERTH_POOL"] = "default=\(daemon.range.lowerBound)-\(daemon.range.upperBound)"
        let held = try Held(daemon.database, as: purpose)
        let child = try commands.start(["run", "bob", "--", "echo", "ran"])
        for _ in 0..<3 { try held.awaitAttempt() }
        #expect(child.output == "")
        held.release()
        #expect(try child.wait(within: 30) == .exited(0), "\(child.errors)")
        #expect(child.output == "ran\n")
    }
}
