import Glibc
import Testing

@Suite struct `Starting and stopping` {
    /// Launches what must be refused, and returns what it said.
    private func refusal(_ daemon: Daemon, code: Int32) throws -> String {
        let child = try daemon.launch()
        #expect(try child.wait(within: 20) == .exited(code))
        #expect(child.output == "")
        return child.errors
    }

    @Test func `keeps every lease through SIGKILL, and ids go on`() throws {
        try withDaemon { daemon in
            let kept = try daemon.granted("alice", 6, ["name": "agents"])
            let released = try daemon.granted("bob", 6)
            #expect(try daemon.release(released).status == 204)
            for _ in 0..<3 { try daemon.restart() }
            #expect(try daemon.shown(kept) == kept)
            #expect(try daemon.shown(released)["state"] == "released")
            let next = try daemon.granted("carol", 6)
            #expect((next["id"].int ?? 0) > (released["id"].int ?? 0))
            #expect(Set(next["ports"].ints).isDisjoint(with: kept["ports"].ints))
        }
    }

    @Test func `exits 0 on SIGTERM, takes its socket away and leaves no log behind`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("alice", 6)
            #expect(try daemon.stop(within: 5) == .exited(0))
            #expect(access(daemon.socketPath, F_OK) != 0)
            #expect(TemporaryFolder.bytes(daemon.database + "-wal").isEmpty)
        }
    }

    @Test func `refuses a second daemon on the database and names the first`() throws {
        try withDaemon { daemon in
            let first = try #require(daemon.process)
            let second = try ChildProcess(
                try daemon.command(), environment: ["HOME": daemon.folder.path], log: daemon.folder.file("second"))
            #expect(try second.wait(within: 20) == .exited(75))
            #expect(second.errors.contains("PID \(first.id)"))
            #expect(try daemon.lease("alice", 1).status == 201)
        }
    }

    @Test func `leaves a file alone that is no database of Berth's`() throws {
        let daemon = try Daemon()
        let text = Array("these are my notes\n".utf8)
        try TemporaryFolder.write(text, to: daemon.database)
        #expect(try refusal(daemon, code: 78).contains("is no SQLite database"))
        #expect(TemporaryFolder.bytes(daemon.database) == text)
    }

    @Test func `leaves a socket alone on which somebody answers`() throws {
        try withDaemon { first in
            let second = try Daemon(Daemon.Setup(listen: nil, extra: ["--socket", first.socketPath]))
            #expect(try refusal(second, code: 75).contains("Somebody answers on the socket"))
            #expect(try first.call("GET", "/livez").status == 200)
        }
    }

    @Test func `says which address is taken`() throws {
        try withDaemon { first in
            let second = try Daemon(Daemon.Setup(listen: "127.0.0.1:\(first.tcpPort)"))
            #expect(try refusal(second, code: 78).contains("127.0.0.1:\(first.tcpPort)"))
        }
    }

    @Test func `refuses pools that overlap`() throws {
        let daemon = try Daemon(Daemon.Setup(pools: ["a=20000-20010", "b=20010-20020"]))
        #expect(try refusal(daemon, code: 78).contains("overlap"))
        #expect(access(daemon.database, F_OK) != 0)
    }

    @Test func `refuses templates with every mistake and its line`() throws {
        let daemon = try Daemon()
        let file = daemon.folder.file("berth.yaml")
        let yaml = "templates:\n  t:\n    card: x\n    user: root\n    agents:\n      a: { command: [] }\n"
        try TemporaryFolder.write(Array(yaml.utf8), to: file)
        daemon.setup.extra += ["--config", file]
        let told = try refusal(daemon, code: 78)
        #expect(told.contains("\(file), line 3: 'card' must be one of"))
        #expect(told.contains("\(file), line 6: the agent 'a' needs a command"))
        // Whom its agents run as is looked at once the file is right by itself.
        let right = yaml.replacing("card: x", with: "card: rewrite").replacing("[]", with: "[x]")
        try TemporaryFolder.write(Array(right.utf8), to: file)
        #expect(try refusal(daemon, code: 78).contains("\(file), line 4: "))
        #expect(access(daemon.database, F_OK) != 0)
    }

    @Test func `warns of another Berth over the same ports`() throws {
        try withDaemon { first in
            let pool = "default=\(first.range.lowerBound)-\(first.range.upperBound)"
            try withDaemon(Daemon.Setup(pools: [pool])) { second in
                let pid = try #require(first.process).id
                #expect(second.log.contains("another Berth") && second.log.contains("pid=\(pid)"))
            }
        }
    }

    @Test func `lets a lease live on whose ports left every pool`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 2)
            let port = try #require(lease["first_port"].int)
            daemon.setup.pools = ["default=\(daemon.range.lowerBound + 30)-\(daemon.range.upperBound)"]
            try daemon.restart()
            #expect(try daemon.shown(lease)["state"] == "active")
            #expect(try daemon.portState(port) == "leased")
            #expect((try daemon.granted("bob", 2)["first_port"].int ?? 0) >= daemon.range.lowerBound + 30)
            #expect(try daemon.release(lease).status == 204)
            #expect(try daemon.portState(port) == "unmanaged")
        }
    }

    @Test func `expires a lease after its TTL, across a restart too, and never before`() throws {
        try withDaemon { daemon in
            let short = try daemon.granted("alice", 1, ["ttl_seconds": 1])
            let long = try daemon.granted("bob", 1, ["ttl_seconds": 600])
            #expect(try becomesTrue { try daemon.shown(short)["state"] == "expired" })
            try daemon.restart()
            #expect(try daemon.shown(long)["state"] == "active")
            #expect(try daemon.shown(long)["expires_at"] == long["expires_at"])
        }
    }
}
