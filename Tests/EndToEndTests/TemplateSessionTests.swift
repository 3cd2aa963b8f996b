import Glibc
import Testing

/// Sessions that are made from templates, with real agents.
@Suite struct `Agents of a template` {
    private func lives(_ pid: Int?) -> Bool { pid.map(ProcessLook.isAlive) ?? false }

    private func log(_ daemon: Daemon, _ session: String, _ agent: String) throws -> String {
        try daemon.call("GET", "/v1/sessions/\(session)/agents/\(agent)/log").text
    }

    @Test func `are ready in one block when the start is answered, and gone when the session has ended`() throws {
        try AgentTemplate.withDaemon { daemon, template in
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

            let lease = "/v1/leases/\(session["lease_id"].int ?? 0)"
            expectProblem(try daemon.call("DELETE", lease), 409, "lease-in-use")
            let other: JSON = ["pid": .integer(Int(daemon.process?.id ?? 0))]
            expectProblem(try daemon.call("PUT", "\(lease)/agents/one", other), 409, "lease-in-use")
            expectProblem(try daemon.call("DELETE", "\(lease)/agents/one"), 409, "lease-in-use")
            #expect(try daemon.call("POST", "\(lease)/renew").status == 200)
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
        try AgentTemplate.withDaemon { daemon, template in
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
        try AgentTemplate.withDaemon { daemon, template in
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
        try AgentTemplate.withDaemon { daemon, template in
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
        try AgentTemplate.withDaemon { daemon, template in
            let session = try daemon.startSession("alice", "pair", ["ttl_seconds": 2]).json
            #expect(becomesTrue { template.processes.isEmpty })
            #expect(try daemon.call("GET", "/v1/leases/\(session["lease_id"].int ?? 0)").json["state"] == "expired")
            let ports = session["agents"].items.compactMap { $0["port"].int }
            #expect(try becomesTrue { try ports.allSatisfy { try daemon.portState($0) == "free" } })
        }
    }

    @Test func `stay away once they have ended, where the template says so`() throws {
        try AgentTemplate.withDaemon(restart: "never") { daemon, template in
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

    @Test func `sleep when nobody asks for them, and are woken by the next request on the same ports`() throws {
        try AgentTemplate.withDaemon(
            .init(quarantine: "0.2", extra: ["--router", "127.0.0.1:0"]), more: "    idle_seconds: 1"
        ) {
            daemon, template in
            let session = try daemon.startSession("alice").json
            let router = try Endpoint.tcp("127.0.0.1", #require(RoutedWorld.routerPort(of: daemon)))
            func ask(_ agent: String) throws -> Response {
                let connection = try router.connect()
                defer { connection.close() }
                let bearer = ("Authorization", "Bearer \(session["token"].text ?? "")")
                return try connection.call("GET", "/s/alice/\(agent)/", headers: [bearer])
            }
            #expect(try ask("one").json["pid"] == session["agents"][0]["pid"])
            #expect(
                try becomesTrue { try daemon.call("GET", "/v1/sessions/alice").json["phase"] == "asleep" })
            #expect(becomesTrue { template.processes.isEmpty })
            #expect(try daemon.call("GET", "/v1/leases/\(session["lease_id"].int ?? 0)").json["state"] == "active")

            let woken = try ask("two")
            #expect(woken.status == 200 && woken.json["BERTH_AGENT"] == "two")
            #expect(woken.json["PORT"].text == session["agents"][1]["port"].int.map(String.init))
            #expect(woken.json["pid"] != session["agents"][1]["pid"])
            // It sleeps on through a restart, and is woken by the next daemon too.
            #expect(
                try becomesTrue { try daemon.call("GET", "/v1/sessions/alice").json["phase"] == "asleep" })
            try daemon.restart()
            let later = try Endpoint.tcp("127.0.0.1", #require(RoutedWorld.routerPort(of: daemon))).connect()
            defer { later.close() }
            let bearer = ("Authorization", "Bearer \(daemon.token)")
            #expect(try later.call("GET", "/s/alice/one/", headers: [bearer]).json["BERTH_AGENT"] == "one")
            let events = try daemon.all("/v1/audit?session=alice", "events").compactMap { $0["event"].text }
            #expect(events.filter { $0 == "session.slept" }.count == 2)
            #expect(events.filter { $0 == "session.woken" }.count == 2)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `go on when somebody hangs up who asked for a session that runs`() throws {
        try AgentTemplate.withDaemon { daemon, template in
            let agents = try daemon.startSession("alice").json["agents"].items
            for _ in 0..<20 {
                let connection = try daemon.unix.connect()
                let body = try JSON.object(["session": "alice", "template": "pair"]).encoded()
                try connection.send(Connection.request("POST", "/v1/sessions", body, host: "localhost"))
                connection.close()
            }
            #expect(try daemon.startSession("alice").json["agents"].items == agents)
            #expect(try agents.allSatisfy { try daemon.ask($0)["pid"] == $0["pid"] })
            #expect(template.processes.count == 2)
        }
    }

    @Test func `keep no daemon from its end, which the next one goes on from`() throws {
        try AgentTemplate.withDaemon { daemon, template in
            func send(_ method: String, _ path: String, _ body: JSON? = nil) throws -> Connection {
                let connection = try daemon.unix.connect()
                try connection.send(
                    Connection.request(
                        method, path, try body?.encoded(), headers: [("Idempotency-Key", "once")], host: "localhost"))
                return connection
            }
            func phase() throws -> JSON { try daemon.call("GET", "/v1/sessions/alice").json["phase"] }

            let start = try send("POST", "/v1/sessions", ["session": "alice", "template": "stubborn"])
            #expect(becomesTrue { template.processes.count == 1 })
            let agent = template.processes
            #expect(try daemon.stop() == .exited(0))
            expectProblem(try start.receive(), 503, "storage-unavailable")
            try daemon.start()
            #expect(try phase() == "starting" && template.processes == agent)

            let end = try send("DELETE", "/v1/sessions/alice")
            #expect(try becomesTrue { try phase() == "stopping" })
            #expect(try daemon.stop() == .exited(0))
            expectProblem(try end.receive(), 503, "storage-unavailable")
            try daemon.start()
            #expect(try phase() == "stopping" && template.processes == agent)
            for process in agent { Glibc.kill(process, SIGKILL) }
            #expect(try becomesTrue { try daemon.pool()["leased"] == 0 })
            #expect(template.processes.isEmpty)
        }
    }

    @Test func `are not started for somebody whom the template does not allow`() throws {
        try AgentTemplate.withDaemon { daemon, template in
            let token = try daemon.createdToken("web")
            let body: JSON = ["session": "web", "template": "broken"]
            expectProblem(
                try daemon.call(withToken: token, "POST", "/v1/sessions", body), 403,
                "forbidden")
            let allowed: JSON = ["session": "web", "template": "pair", "ttl_seconds": nil]
            expectProblem(
                try daemon.call(withToken: token, "POST", "/v1/sessions", allowed), 422,
                "invalid-field")
            #expect(template.processes.isEmpty)
            #expect(try daemon.pool()["leased"] == 0)
        }
    }
}
