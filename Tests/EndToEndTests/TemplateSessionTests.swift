import Glibc
import Testing

/// Sessions that are made from templates, with real agents.
@Suite struct `Agents of a template` {
    private func withTemplates(
        restart: String = "always", more: String = "", _ body: (Daemon, AgentTemplate) throws -> Void
    ) throws {
        let daemon = try Daemon(.init(quarantine: "0.2"))
        let template = try AgentTemplate(for: daemon, restart: restart, more: more)
        defer {
            daemon.kill()
            // Whatever a test left: the agents outlive the daemon.
            for process in template.processes { Glibc.kill(process, SIGKILL) }
        }
        try daemon.start()
        try body(daemon, template)
    }

    private func lives(_ pid: Int?) -> Bool { pid.map(ProcessLook.isAlive) ?? false }

    private func log(_ daemon: Daemon, _ session: String, _ agent: String) throws -> String {
        try daemon.call("GET", "/v1/sessions/\(session)/agents/\(agent)/log").text
    }

    @Test func `are ready in one block when the start is answered, and gone when the session has ended`() throws {
        try withTemplates { daemon, template in
            let response = try daemon.startSession("alice", "pair", ["variables": .object(["league": "second league"])])
            #expect(response.status == 201)
            let session = response.json
            #expect(response["location"] == "/v1/sessions/alice")
            #expect(session["phase"] == "running" && session["template"] == "pair" && session["ports"] == 2)
            let agents = session["agents"].items
            #expect(agents.map { $0["name"].text } == ["one", "two"])
            let ports = agents.compactMap { $0["port"].int }
            #expect(ports.count == 2 && ports[1] == ports[0] + 1)
            let (one, two) = (try daemon.ask(agents[0]), try daemon.ask(agents[1]))
            #expect(one["BERTH_AGENT"] == "one" && one["BERTH_SESSION"] == "alice")
            #expect(one["arguments"].items == ["second league", .text("--port=\(ports[0])")])
            #expect(one["PEER"] == .text("http://127.0.0.1:\(ports[1])"))
            #expect(one["folder"] == .text(template.folder.path))
            #expect(two["LEAGUE"] == "second league" && two["folder"] == "/")
            #expect(agents.map { $0["pid"] } == [one["pid"], two["pid"]])
            #expect(session["agent_urls"]["one"].text == "http://127.0.0.1:\(ports[0])/")
            #expect(try log(daemon, "alice", "one").contains("starts one"))

            expectProblem(try daemon.call("DELETE", "/v1/leases/\(session["lease_id"].int ?? 0)"), 409, "lease-in-use")
            let child = try log(daemon, "alice", "two").split(separator: "\n").first { $0.hasPrefix("child ") }
            let stubborn = child.flatMap { Int($0.dropFirst(6)) }
            #expect(lives(stubborn))
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(!lives(one["pid"].int) && !lives(two["pid"].int) && !lives(stubborn))
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["state"] == "ended")
            #expect(try ports.allSatisfy { try daemon.portState($0) == "free" })
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `outlive the daemon, are taken over, and are started anew on their ports`() throws {
        try withTemplates { daemon, template in
            let agents = try daemon.startSession("alice").json["agents"].items
            daemon.kill()
            let before = try agents.map { try daemon.ask($0)["pid"] }
            #expect(before == agents.map { $0["pid"] })
            try daemon.start()
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["agents"].items == agents)
            // What they wrote while no daemon served is in their logs.
            #expect(try log(daemon, "alice", "one").contains("asked for /"))

            Glibc.kill(pid_t(before[0].int ?? 0), SIGKILL)
            #expect(
                try becomesTrue {
                    let now = try daemon.call("GET", "/v1/sessions/alice").json["agents"][0]
                    return now["state"] == "running" && now["pid"] != before[0]
                })
            #expect(becomesTrue { (try? daemon.ask(agents[0])["BERTH_AGENT"]) == "one" })
            #expect(try daemon.ask(agents[1])["pid"] == before[1])

            // One ends while no daemon serves.
            daemon.kill()
            Glibc.kill(pid_t(before[1].int ?? 0), SIGKILL)
            try daemon.start()
            #expect(becomesTrue { (try? daemon.ask(agents[1])["BERTH_AGENT"]) == "two" })
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(template.processes.isEmpty)
        }
    }

    @Test func `leave nothing when one of them does not start, and say which`() throws {
        try withTemplates { daemon, template in
            let response = try daemon.startSession("alice", "broken")
            expectProblem(response, 502, "agent-failed")
            #expect(response.json["agent"] == "poor")
            #expect(response.json["log"].text?.contains("there is no league today") == true)
            expectProblem(try daemon.startSession("bob", "missing"), 502, "agent-failed")
            #expect(template.processes.isEmpty)
            #expect(try daemon.call("GET", "/v1/leases").json["leases"].items.isEmpty)
            #expect(try daemon.pool()["leased"] == 0)
        }
    }

    @Test func `are started once for one name and one key`() throws {
        try withTemplates { daemon, template in
            let key = [("Idempotency-Key", "start-1")]
            let first = try daemon.startSession("alice", headers: key)
            let again = try daemon.startSession("alice", headers: key)
            #expect(again.status == 201 && again["idempotency-replayed"] == "true")
            #expect(again.json == first.json)
            let found = try daemon.startSession("alice")
            #expect(found.status == 200 && found.json["agents"] == first.json["agents"])
            expectProblem(
                try daemon.startSession("alice", "pair", ["variables": .object(["league": "other"])]), 409,
                "name-conflict")
            expectProblem(
                try daemon.startSession("bob", "pair", ["variables": .object(["league": "UPPER"])]), 422,
                "invalid-field")
            expectProblem(try daemon.startSession("bob", "nothing"), 404, "not-found")
            _ = try daemon.granted("carol", 1)
            expectProblem(try daemon.startSession("carol"), 409, "name-conflict")
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
        }
    }

    @Test func `are stopped when the session's time is over`() throws {
        try withTemplates { daemon, template in
            let session = try daemon.startSession("alice", "pair", ["ttl_seconds": 2]).json
            #expect(becomesTrue { template.processes.isEmpty })
            #expect(try daemon.call("GET", "/v1/leases/\(session["lease_id"].int ?? 0)").json["state"] == "expired")
            let ports = session["agents"].items.compactMap { $0["port"].int }
            #expect(try becomesTrue { try ports.allSatisfy { try daemon.portState($0) == "free" } })
        }
    }

    @Test func `stay away once they have ended, where the template says so`() throws {
        try withTemplates(restart: "never") { daemon, template in
            let agents = try daemon.startSession("alice").json["agents"].items
            Glibc.kill(pid_t(agents[0]["pid"].int ?? 0), SIGKILL)
            #expect(
                try becomesTrue {
                    try daemon.call("GET", "/v1/sessions/alice").json["agents"][0]["state"] == "exited"
                })
            // The other one is not touched, and the session goes on.
            #expect(try daemon.ask(agents[1])["BERTH_AGENT"] == "two")
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(template.processes.isEmpty)
        }
    }
}
