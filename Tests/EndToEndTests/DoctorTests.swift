import Glibc
import Testing

@Suite struct `Asking the doctor` {
    /// What it says of this daemon's database, run in a folder of its own.
    private func examine(_ daemon: Daemon) throws -> Invocation {
        let pools = ["--pool", "default=\(daemon.range.lowerBound)-\(daemon.range.upperBound)"]
        return try Invocation(
            ["doctor", "--database", daemon.database, "--quarantine", daemon.setup.quarantine, "--json"] + pools,
            in: TemporaryFolder())
    }

    /// The findings of a check, as `severity: finding`.
    private func findings(_ check: String, _ doctor: Invocation) throws -> [String] {
        try doctor.json.items.filter { $0["check"] == .text(check) }.map {
            "\($0["severity"].text ?? "?"): \($0["finding"].text ?? "?")"
        }
    }

    private func isHealthy(_ doctor: Invocation) throws -> Bool {
        try doctor.json.items.allSatisfy { ["ok", "note", "warning"].contains($0["severity"].text) }
    }

    @Test func `finds nothing wrong where nothing is, before, beside and after a daemon`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let before = try examine(daemon)
        #expect(before.code == 0, "\(before.output)")
        #expect(try TemporaryFolder.names(in: daemon.folder.path) == [])
        try daemon.start()
        try daemon.granted("alice", 6)
        let beside = try examine(daemon)
        let pid = try #require(daemon.process).id
        #expect(try beside.code == 0 && isHealthy(beside), "\(beside.output)")
        #expect(try findings("lock", beside) == ["ok: Process \(pid) (berth) serves the database."])
        #expect(try findings("daemon", beside) == ["ok: Process \(pid) answers on \(daemon.socketPath)."])
        #expect(try findings("strangers", beside).map { $0.prefix(3) } == ["ok:"])
        #expect(try findings("pools", beside).map { $0.prefix(3) } == ["ok:"])
        #expect(try findings("other-berths", beside).map { $0.prefix(3) } == ["ok:"])
        try daemon.stop()
        let after = try examine(daemon)
        #expect(try after.code == 0 && isHealthy(after), "\(after.output)")
        #expect(try findings("database", after).map { $0.prefix(3) } == ["ok:"])
    }

    @Test func `changes no file, of a stopped and of a killed daemon's`() throws {
        try withDaemon { daemon in
            try daemon.granted("alice", 6)
            daemon.kill()
            let names = try TemporaryFolder.names(in: daemon.folder.path)
            let before = names.map { TemporaryFolder.bytes(daemon.folder.file($0)) }
            #expect(names.contains("berth.db-wal"))
            let doctor = try examine(daemon)
            #expect(doctor.code == 0, "\(doctor.output)")
            #expect(try findings("database", doctor).map { $0.prefix(3) } == ["ok:"])
            #expect(try TemporaryFolder.names(in: daemon.folder.path) == names)
            #expect(names.map { TemporaryFolder.bytes(daemon.folder.file($0)) } == before)
        }
    }

    @Test func `names a stranger on a pool's port, and not the holder of a lease`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1)
            let leased = try #require(lease["first_port"].int)
            let sockets = try [leased, daemon.low + 20].map { port in
                let socket = try Socket(family: AF_INET)
                try socket.bind(Socket.Name(address: "127.0.0.1", port: port))
                try socket.listen()
                return socket
            }
            let doctor = try examine(daemon)
            for socket in sockets { socket.close() }
            #expect(doctor.code == 0)
            let strangers = try findings("strangers", doctor)
            #expect(strangers.count == 1)
            #expect(
                strangers[0].hasPrefix(
                    "warning: Port \(daemon.low + 20) of pool default is bound by process \(getpid()) ("))
        }
    }

    @Test func `names wrong modes, and how to mend them`() throws {
        try withDaemon { daemon in
            try #require(chmod(daemon.tokenFile, 0o644) == 0 && chmod(daemon.database, 0o640) == 0)
            let doctor = try examine(daemon)
            #expect(doctor.code == 78)
            let modes = try doctor.json.items.filter { $0["check"] == "file-modes" }
            #expect(modes.map { $0["severity"] } == ["warning", "problem"])
            #expect(
                modes.map { $0["remedy"] }
                    == ["chmod 0600 \(daemon.database)", "chmod 0600 \(daemon.tokenFile)"].map(JSON.text))
        }
    }

    @Test func `names a damaged row`() throws {
        try withDaemon { daemon in
            try daemon.granted("alice", 2)
            try daemon.stop()
            let sql = """
                DROP TRIGGER ports_are_claimed; DROP TRIGGER ports_are_given_back;
                UPDATE ports SET state = 'free', lease_id = NULL WHERE lease_id IS NOT NULL
                """
            let maker = try ChildProcess(
                ["sqlite3", daemon.database, sql], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
                log: daemon.folder.file("sqlite3"))
            try #require(try maker.wait(within: 10) == .exited(0), "\(maker.errors)")
            let doctor = try examine(daemon)
            #expect(doctor.code == 78)
            let found = try findings("database", doctor)
            #expect(found.count == 1 && found[0].contains("but lease 1 does not"), "\(found)")
            // The same on a terminal's table.
            let table = try Invocation(["doctor", "--database", daemon.database], in: TemporaryFolder())
            #expect(table.code == 78 && table.output.contains("problem") && table.errors == "")
        }
    }

    @Test func `names a second daemon over the same ports`() throws {
        try withDaemon { first in
            let pool = "default=\(first.range.lowerBound + 10)-\(first.range.upperBound + 10)"
            try withDaemon(Daemon.Setup(pools: [pool])) { second in
                let doctor = try examine(first)
                #expect(doctor.code == 0)
                let others = try findings("other-berths", doctor)
                let pid = try #require(second.process).id
                #expect(
                    others.count == 1 && others[0].hasPrefix("warning: Another Berth, process \(pid), "), "\(others)")
            }
        }
    }

    @Test func `tells a daemon that does not answer on its socket`() throws {
        try withDaemon { daemon in
            unlink(daemon.socketPath)
            let doctor = try examine(daemon)
            let pid = try #require(daemon.process).id
            #expect(
                try findings("daemon", doctor)[0].hasPrefix("warning: Process \(pid) serves the database, and nobody"))
        }
    }

    @Test func `refuses a configuration that cannot be`() throws {
        let doctor = try Invocation(["doctor", "--pool", "a=5-1"], in: TemporaryFolder())
        #expect(doctor.code == 78 && doctor.output == "" && doctor.errors.contains("--pool"))
    }
}
