import Glibc
import Testing

@Suite struct `berth run without a daemon` {
    /// A daemon that is not started, and commands that open its database.
    private func withoutDaemon(_ body: (Daemon, RunCommand) throws -> Void) throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        var commands = daemon.commands
        commands.environment["BERTH_POOL"] = "default=\(daemon.range.lowerBound)-\(daemon.range.upperBound)"
        commands.environment["BERTH_QUARANTINE"] = daemon.setup.quarantine
        try body(daemon, commands)
    }

    /// Starts a command that runs until it is told to end, and waits until it does.
    private func running(_ daemon: Daemon, _ commands: RunCommand, _ session: String) throws -> ChildProcess {
        let child = try commands.start(["run", session, "--", "sh", "-c", "echo $PORT; exec sleep 600"])
        let isThere = becomesTrue(within: 30) { child.output.hasSuffix("\n") }
        guard isThere else { throw HarnessError("no command: \(child.errors)") }
        return child
    }

    /// The events in the database, in their order.
    private func events(_ daemon: Daemon) throws -> [String] {
        let program = """
            import sqlite3, sys
            for row in sqlite3.connect(sys.argv[1]).execute("SELECT event FROM audit ORDER BY seq"): print(row[0])
            """
        let child = try ChildProcess(
            ["python3", "-c", program, daemon.database], environment: ["PATH": "/usr/bin:/bin"],
            log: daemon.folder.file("events"))
        guard try child.wait(within: 20) == .exited(0) else { throw HarnessError(child.errors) }
        return child.output.split(separator: "\n").map(String.init)
    }

    @Test func `needs nothing but a place for the database, and leaves a whole one`() throws {
        try withoutDaemon { daemon, commands in
            var commands = commands
            let place = daemon.folder.file("new/folder")
            commands.environment["BERTH_DATABASE"] = "\(place)/b.db"
            let outcome = try commands.finish(["run", "bob", "-n", "2", "--", "env"], umask: "0000")
            #expect(outcome.end == .exited(0), "\(outcome.errors)")
            let port = try #require(outcome.variables["PORT"].flatMap { Int($0) })
            #expect(daemon.range.contains(port) && outcome.variables["PORT_2"] == "\(port + 1)")
            #expect(TemporaryFolder.mode(place) == 0o700 && TemporaryFolder.mode("\(place)/b.db") == 0o600)
            #expect(!TemporaryFolder.bytes("\(place)/b.db").isEmpty)
        }
    }

    @Test func `does not bend the command's umask`() throws {
        try withoutDaemon { _, commands in
            let outcome = try commands.finish(["run", "bob", "--", "sh", "-c", "umask"], umask: "0027")
            #expect(outcome.words == ["0027"])
        }
    }

    @Test func `records what a daemon would`() throws {
        try withoutDaemon { daemon, commands in
            let outcome = try commands.script("exit 7", ["bob"])
            #expect(outcome.end == .exited(7), "\(outcome.errors)")
            let events = try events(daemon)
            let kinds = ["lease.granted", "agent.attached", "lease.released"]
            #expect(events.filter { kinds.contains($0) } == kinds, "\(events)")
            try daemon.start()
            let lease = try #require(try daemon.leases(of: "bob").first)
            #expect(lease["state"] == "released" && lease["owner"]["alive"] == false)
            #expect(lease["agents"][0]["name"] == "command" && lease["principal"].text == "uid:\(geteuid())")
            #expect(try daemon.portState(try #require(lease["first_port"].int)) == "free")
        }
    }

    @Test func `has the database closed and its lock free while the command runs`() throws {
        try withoutDaemon { daemon, commands in
            let child = try running(daemon, commands, "bob")
            let open = ProcessLook.open(Int(child.id))
            #expect(!open.isEmpty && !open.contains { $0.hasPrefix(daemon.folder.path + "/berth.db") }, "\(open)")
            // A daemon that comes up takes the lease over as it is, and at the end the release goes there.
            try daemon.start()
            let lease = try daemon.runningLease(of: "bob")
            #expect(lease["owner"]["pid"].int == Int(child.id) && lease["owner"]["alive"] == true)
            #expect(child.output == "\(lease["first_port"].int ?? 0)\n")
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
            #expect(try daemon.shown(lease)["state"] == "released")
        }
    }

    @Test func `releases by itself when its daemon has gone`() throws {
        try withoutDaemon { daemon, commands in
            try daemon.start()
            let child = try running(daemon, commands, "bob")
            try daemon.stop()
            child.signal(SIGTERM)
            #expect(try child.wait(within: 30) == .exited(143))
            #expect(child.errors.isEmpty, "\(child.errors)")
            try daemon.start()
            #expect(try daemon.leases(of: "bob").map { $0["state"] } == ["released"])
        }
    }

    @Test func `gives eight at once ports of their own`() throws {
        try withoutDaemon { daemon, commands in
            let go = daemon.folder.file("go")
            let script = "echo $BERTH_PORTS; while ! test -e \"$0\"; do sleep 0.02; done"
            let children = try (0..<8).map {
                try commands.start(["run", "s\($0)", "-n", "3", "--", "sh", "-c", script, go])
            }
            #expect(becomesTrue(within: 60) { children.allSatisfy { $0.output.hasSuffix("\n") } })
            let ports = children.flatMap { $0.output.split(whereSeparator: \.isWhitespace) }
            #expect(ports.count == 24 && Set(ports).count == 24, "\(ports)")
            try TemporaryFolder.write([], to: go)
            for child in children { #expect(try child.wait(within: 60) == .exited(0), "\(child.errors)") }
            #expect(try events(daemon).filter { $0 == "lease.released" }.count == 8)
        }
    }

    @Test func `finds out that a holder is dead, and gives its own ports back to whom they were`() throws {
        try withoutDaemon { daemon, commands in
            let child = try running(daemon, commands, "bob")
            child.kill()
            let again = try commands.script("echo $PORT", ["bob"])
            #expect(again.end == .exited(0) && again.output == child.output, "\(again)")
            let other = try running(daemon, commands, "eve")
            #expect(try events(daemon).filter { $0 == "lease.orphaned" }.count == 1)
            #expect(!other.output.isEmpty)
        }
    }

    @Test func `holds ports too`() throws {
        try withoutDaemon { _, commands in
            let program = "import os, socket; print(socket.socket(fileno=3).getsockname()[1], os.environ['PORT'])"
            let outcome = try commands.finish(["run", "bob", "--hold", "--", "python3", "-c", program])
            #expect(outcome.words.count == 2 && outcome.words.first == outcome.words.last, "\(outcome)")
        }
    }

    @Test func `refuses what a daemon would`() throws {
        try withoutDaemon { daemon, commands in
            #expect(try commands.script("exit 0", ["a b"]).end == .exited(65))
            #expect(try commands.script("exit 0", ["bob", "-n", "61"]).end == .exited(65))
            #expect(try commands.script("exit 0", ["bob", "--pool", "none"]).end == .exited(65))
            #expect(try commands.finish(["run", "bob", "--", "no-such-command"]).end == .exited(127))
            let child = try commands.start(["run", "bob", "--name", "web", "--", "sh", "-c", "echo x; exec sleep 600"])
            #expect(becomesTrue(within: 30) { child.output == "x\n" })
            #expect(try commands.script("exit 0", ["bob", "--name", "web"]).end == .exited(65))
            #expect(try commands.script("exit 0", ["bob", "-n", "60"]).end == .exited(75))
        }
    }

    @Test func `gives up after five seconds when the database is in use by somebody who does not answer`() throws {
        try withDaemon { daemon in
            var commands = daemon.commands
            commands.environment["BERTH_SOCKET"] = daemon.folder.file("elsewhere")
            let outcome = try commands.script("echo ran", ["bob"])
            #expect(outcome.end == .exited(75) && outcome.output == "")
            #expect(outcome.errors.contains("\(daemon.process?.id ?? 0)"), "\(outcome.errors)")
        }
    }
}
