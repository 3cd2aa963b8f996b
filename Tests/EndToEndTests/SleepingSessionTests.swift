import Glibc
import Testing

/// Sessions that give their ports back while they sleep, with real agents.
@Suite struct `Sessions that sleep without ports` {
    /// A daemon with a router, whose sessions of `pair` fall asleep after a second.
    private func withWorld(
        poolSize: Int = 60, readySeconds: Int = 30, _ body: (SleepWorld) throws -> Void
    ) throws {
        try AgentTemplate.withDaemon(
            .init(poolSize: poolSize, quarantine: "0.2", extra: ["--router", "127.0.0.1:0"]),
            readySeconds: readySeconds, more: "    idle_seconds: 1\n    asleep: release-ports"
        ) { daemon, template in
            try body(SleepWorld(daemon: daemon, template: template))
        }
    }

    @Test func `let others have them, and are woken on other ones by the next request`() throws {
        try withWorld { world in
            let daemon = world.daemon
            let first = try daemon.startSession("alice").json
            let ports = first["agents"].items.compactMap { $0["port"].int }
            #expect(try world.ask("one", first["token"]).json["pid"] == first["agents"][0]["pid"])
            try world.expectSleep()
            let asleep = try daemon.call("GET", "/v1/sessions/alice").json
            #expect(asleep["state"] == "active" && asleep["leases"] == 0 && asleep["ports"] == 0)
            #expect(asleep["lease_id"] == nil && asleep["agents"].items.map { $0["name"].text } == ["one", "two"])
            #expect(asleep["agents"].items.allSatisfy { $0["port"] == nil && $0["pid"] == nil && $0["url"] != nil })
            let catalogue = try daemon.call("GET", "/v1/sessions/alice/agents").json["agents"].items
            #expect(catalogue.map { $0["port"] } == [nil, nil])
            #expect(try daemon.call("GET", "/v1/sessions/alice/agents/one/log").text.contains("starts one"))
            #expect(world.template.processes.isEmpty)
            let lease = "/v1/leases/\(first["lease_id"].int ?? 0)"
            #expect(try daemon.call("GET", lease).json["state"] == "released")
            // They are anybody's.
            #expect(try daemon.lease("bob", 2, ["first_port": .integer(ports[0])]).status == 201)
            // Nothing is woken for an agent that there is not.
            expectProblem(try world.ask("nobody", first["token"]), 404, "not-found")
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["phase"] == "asleep")

            let woken = try world.ask("two", first["token"])
            #expect(woken.status == 200 && woken.json["BERTH_AGENT"] == "two" && woken.json["LEAGUE"] == "first league")
            let second = try daemon.call("GET", "/v1/sessions/alice").json
            #expect(second["phase"] == "running" && second["created_at"] == first["created_at"])
            #expect(second["agents"][1]["port"].int.map(String.init) == woken.json["PORT"].text)
            #expect(second["agents"].items.allSatisfy { !ports.contains($0["port"].int ?? ports[0]) })
            #expect(second["principal"] == first["principal"])
            #expect(try world.ask("one", first["token"], host: "one.alice.localhost").json["BERTH_AGENT"] == "one")

            try world.expectSleep()
            let started = try daemon.startSession("alice")
            #expect(started.status == 200 && started.json["phase"] == "running")
            #expect(started.json["token"] == first["token"])
            try world.expectSleep()
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["state"] == "ended")
            #expect(try world.ask("one", .text(daemon.token)).status == 404)
            let events = try daemon.all("/v1/audit?session=alice", "events").compactMap { $0["event"].text }
            func count(_ event: String) -> Int { events.count { $0 == event } }
            #expect(count("session.slept") == 3 && count("session.woken") == 2 && count("session.ended") == 1)
            #expect(count("lease.granted") == 3 && count("lease.released") == 3 && count("session.started") == 1)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `sleep on through a restart, and are woken by the next daemon`() throws {
        try withWorld { world in
            let first = try world.daemon.startSession("alice").json
            try world.expectSleep()
            try world.daemon.restart()
            #expect(try world.daemon.call("GET", "/v1/sessions/alice").json["phase"] == "asleep")
            let answer = try world.ask("one", first["token"], host: "one.alice.localhost")
            #expect(answer.status == 200 && answer.json["BERTH_AGENT"] == "one")
            try world.expectSleep()
            world.daemon.kill()
            try world.daemon.start()
            #expect(try world.daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(try world.daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `tell who asks when there is no room, sleep on, and are woken later`() throws {
        try withWorld(poolSize: 6, readySeconds: 6) { world in
            let daemon = world.daemon
            let first = try daemon.startSession("alice").json
            try world.expectSleep()
            let all = try daemon.granted("bob", 6)
            let answer = try world.ask("one", first["token"])
            expectProblem(answer, 503, "pool-exhausted")
            #expect(answer["retry-after"] != nil)
            expectProblem(try daemon.startSession("alice"), 503, "pool-exhausted")
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["phase"] == "asleep")
            #expect(try daemon.call("GET", "/v1/tickets").json["tickets"].items.isEmpty)
            #expect(try daemon.release(all).status == 204)
            #expect(try world.ask("one", first["token"]).status == 200)
            let events = try daemon.all("/v1/audit?session=alice", "events").compactMap { $0["event"].text }
            #expect(events.contains("ticket.lapsed"))
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `end when their time is over`() throws {
        try withWorld { world in
            _ = try world.daemon.startSession("alice", "pair", ["ttl_seconds": 20])
            try world.expectSleep()
            #expect(
                try becomesTrue(within: 40) {
                    try world.daemon.call("GET", "/v1/sessions/alice").json["state"] == "ended"
                })
            let last = try world.daemon.all("/v1/audit?session=alice", "events").last
            #expect(last?["event"] == "session.ended" && last?["reason"] == "its TTL ran out while it slept")
        }
    }

    @Test func `are whole after a daemon that was killed while they fell asleep, and while they woke`() throws {
        try withWorld { world in
            let daemon = world.daemon
            let first = try daemon.startSession("alice").json
            // One agent is gone, and the other's child still holds out.
            #expect(becomesTrue(within: 20) { world.template.processes.count < 2 })
            daemon.kill()
            try daemon.start()
            #expect(try becomesTrue { try world.ask("one", first["token"]).status == 200 })
            try world.expectSleep()

            let asking = try Endpoint.tcp("127.0.0.1", #require(RoutedWorld.routerPort(of: daemon))).connect()
            defer { asking.close() }
            let bearer = "Authorization: Bearer \(first["token"].text ?? "")"
            try asking.send("GET /s/alice/one/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\(bearer)\r\n\r\n")
            #expect(try becomesTrue { try daemon.call("GET", "/v1/sessions/alice").json["phase"] != "asleep" })
            daemon.kill()
            try daemon.start()
            #expect(try becomesTrue { try world.ask("two", first["token"]).status == 200 })
            let now = try daemon.call("GET", "/v1/sessions/alice").json
            #expect(now["created_at"] == first["created_at"] && now["ports"] == 2)
            #expect(world.template.processes.count == 2)
            #expect(try daemon.call("DELETE", "/v1/sessions/alice").status == 204)
            #expect(world.template.processes.isEmpty)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }
}

/// Alice's session, asked through the router.
private struct SleepWorld {
    let daemon: Daemon
    let template: AgentTemplate

    /// - Parameter host: the agent's own; else it is named in the path.
    func ask(_ agent: String, _ token: JSON, host: String? = nil) throws -> Response {
        let port = try #require(RoutedWorld.routerPort(of: daemon))
        let connection = try Endpoint.tcp("127.0.0.1", port).connect()
        defer { connection.close() }
        let bearer = ("Authorization", "Bearer \(token.text ?? "")")
        guard let host else { return try connection.call("GET", "/s/alice/\(agent)/", headers: [bearer]) }
        let head = "GET / HTTP/1.1\r\nHost: \(host):\(port)\r\n\(bearer.0): \(bearer.1)\r\n\r\n"
        try connection.send(head)
        return try connection.receive()
    }

    func expectSleep(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let sleeps = try becomesTrue(within: 20) {
            let session = try daemon.call("GET", "/v1/sessions/alice").json
            return session["phase"] == "asleep" && session["lease_id"] == nil
        }
        #expect(sleeps, sourceLocation: sourceLocation)
    }
}
