import Glibc
import Testing

@Suite struct `Asking why` {
    private func why(_ port: Int, _ daemon: Daemon, _ more: [String] = []) throws -> Invocation {
        try Invocation(["why", "\(port)", "--socket", daemon.socketPath] + more, in: TemporaryFolder())
    }

    /// What stands behind a title, one text for each line that has it.
    private func values(_ title: String, _ answer: Invocation) -> [String] {
        answer.output.split(separator: "\n").filter { $0.hasPrefix(title + "  ") }.map { line in
            String(line.dropFirst(title.count).drop { $0 == " " })
        }
    }

    private func sleeper(_ daemon: Daemon, _ name: String) throws -> ChildProcess {
        try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file(name))
    }

    @Test func `tells whose a leased port is, and what listens there`() throws {
        try withDaemon { daemon in
            let (owner, agent) = (try sleeper(daemon, "owner"), try sleeper(daemon, "agent"))
            let wish: [String: JSON] = [
                "name": "web", "owner_pid": .integer(Int(owner.id)), "agents": ["team-1"],
            ]
            let lease = try daemon.granted("alice", 2, wish)
            let (id, port) = (try #require(lease["id"].int), try #require(lease["first_port"].int))
            let put = try daemon.call(
                "PUT", "/v1/leases/\(id)/agents/team-1", ["pid": .integer(Int(agent.id))])
            try #require(put.status == 200)
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: port))
            try server.listen()
            let answer = try why(port, daemon)
            #expect(answer.code == 0 && answer.errors == "")
            #expect(values("State", answer) == ["leased"])
            #expect(values("Lease", answer) == ["\(id), ports \(port)-\(port + 1)"])
            #expect(values("Session", answer) == ["alice, lease named web"])
            #expect(values("Owner", answer) == ["process \(owner.id), alive"])
            #expect(values("Agent", answer) == ["team-1 on \(port), running, process \(agent.id)"])
            #expect(values("Bound by", answer).allSatisfy { $0.hasPrefix("process \(getpid()) (") })
            #expect(values("Bound by", answer).count == 1)
            #expect(try why(port, daemon, ["--json"]).json["since"] == lease["created_at"])
        }
    }

    @Test func `names the process that keeps an orphaned lease's port away`() throws {
        try withDaemon { daemon in
            let owner = try sleeper(daemon, "owner")
            let lease = try daemon.granted("alice", 1, ["owner_pid": .integer(Int(owner.id))])
            let (id, port) = (try #require(lease["id"].int), try #require(lease["first_port"].int))
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: port))
            try server.listen()
            owner.kill()
            #expect(try becomesTrue { try daemon.portState(port) == "quarantined" })
            let answer = try why(port, daemon)
            #expect(values("State", answer).first?.hasPrefix("quarantined") == true)
            #expect(values("Last lease", answer) == ["\(id) of session alice, ports \(port)"])
            #expect(values("Ended", answer).first?.hasPrefix("orphaned ") == true)
            #expect(values("Still held by", answer).first?.hasPrefix("process \(getpid()) (") == true)
            let json = try why(port, daemon, ["--json"]).json
            #expect(json["lease"] == .null && json["last_lease"]["id"] == .integer(id))
            #expect(json["last_lease"]["state"] == "orphaned" && json["last_lease"]["end_reason"].text != nil)
            #expect(json["since"].text != nil && json["reason"].text != nil && json["rests_until"].text != nil)
            server.close()
            #expect(try becomesTrue { try daemon.portState(port) == "free" })
            #expect(values("Bound by", try why(port, daemon)) == ["nothing"])
        }
    }

    @Test func `tells a stranger's port, and one in no pool`() throws {
        try withDaemon { daemon in
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: daemon.low))
            try server.listen()
            _ = try daemon.granted("alice", 1)
            let answer = try why(daemon.low, daemon)
            #expect(values("State", answer).first?.hasPrefix("foreign") == true)
            #expect(values("Bound by", answer).first?.hasPrefix("process \(getpid()) (") == true)
            #expect(values("State", try why(1, daemon)) == ["unmanaged: it is in no pool"])
        }
    }

    @Test func `refuses what is no port, and tells where no daemon is`() throws {
        let folder = try TemporaryFolder()
        for port in ["0", "65536", "x"] {
            let answer = try Invocation(["why", port, "--socket", folder.file("s")], in: folder)
            #expect(answer.code == 64 && answer.output == "")
        }
        let answer = try Invocation(["why", "1", "--socket", folder.file("s")], in: folder)
        #expect(answer.code == 69 && answer.errors.contains("berth serve"))
    }
}
