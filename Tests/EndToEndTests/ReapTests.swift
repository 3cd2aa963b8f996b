import Glibc
import Testing

@Suite struct `A sweep by hand` {
    private func reap(_ daemon: Daemon, _ more: [String] = []) throws -> Invocation {
        try Invocation(["reap", "--socket", daemon.socketPath] + more, in: TemporaryFolder())
    }

    @Test func `decides nothing where there is nothing to do`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("alice", 6)
            for dryRun in [true, false] {
                let answer = try reap(daemon, ["--json"] + (dryRun ? ["--dry-run"] : []))
                #expect(try answer.code == 0 && answer.json == ["dry_run": .bool(dryRun), "decisions": []])
            }
            #expect(try reap(daemon).output == "")
        }
    }

    /// A port that is still bound rests on, and both kinds of sweep say why.
    @Test func `tells the evidence of each decision, and changes nothing in a dry run`() throws {
        try withDaemon { daemon in
            let owner = try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file("owner"))
            let lease = try daemon.granted("alice", 1, ["owner_pid": .integer(Int(owner.id))])
            let port = try #require(lease["first_port"].int)
            let server = try Socket(family: AF_INET)
            try server.bind(Socket.Name(address: "127.0.0.1", port: port))
            try server.listen()
            owner.kill()
            #expect(try becomesTrue { try daemon.portState(port) == "quarantined" })
            let dry = try reap(daemon, ["--dry-run", "--json"]).json
            #expect(dry["dry_run"] == true && dry["decisions"].items.count == 1)
            let decision = dry["decisions"][0]
            #expect(decision["action"] == "keep" && decision["first_port"] == .integer(port))
            #expect(decision["count"] == 1 && decision["pool"] == "default")
            #expect(decision["evidence"].text?.isEmpty == false)
            #expect(try daemon.portState(port) == "quarantined")
            let table = try reap(daemon, ["--dry-run"])
            #expect(table.code == 0 && table.output.hasPrefix("ACTION") && table.output.contains("keep"))
            #expect(try reap(daemon).code == 0)
            #expect(try daemon.portState(port) == "quarantined")
        }
    }

    @Test func `refuses other members`() throws {
        try withDaemon { daemon in
            expectProblem(try daemon.call("POST", "/v1/reap", ["dryrun": true]), 422, "invalid-field")
            expectProblem(try daemon.call("POST", "/v1/reap", ["dry_run": 1]), 422, "invalid-field")
            expectProblem(try daemon.callTCP("POST", "/v1/reap", isAuthorized: false), 401, "unauthorized")
            #expect(try daemon.call("POST", "/v1/reap").json == ["dry_run": false, "decisions": []])
        }
    }
}
