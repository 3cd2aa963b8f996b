import Testing

/// Tickets for requests that are answered before they are granted.
@Suite struct `A ticket` {
    private static let members: Set<String> = [
        "id", "state", "position", "gate", "session", "name", "count", "pool", "principal", "request_id", "created_at",
        "deadline", "ended_at", "lease_id", "reason", "estimate_seconds", "estimate_range_seconds",
    ]

    @Test func `is the answer where there is no room, and the lease where there is`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let there = try daemon.lease("a", 4, headers: Daemon.respondAsync)
            #expect(there.status == 201 && there["preference-applied"] == nil, "\(there)")
            let answer = try daemon.lease(
                "b", 2, ["name": "web"], headers: Daemon.respondAsync + [("X-Request-Id", "mine")])
            let ticket = answer.json
            #expect(answer.status == 202 && answer["location"] == "/v1/tickets/\(ticket["id"].int ?? 0)", "\(answer)")
            #expect(answer["preference-applied"] == "respond-async" && answer["connection"] != "close")
            #expect(ticket.members == Self.members)
            #expect(ticket["state"] == "waiting" && ticket["position"] == 1 && ticket["gate"] == "pool")
            #expect(ticket["session"] == "b" && ticket["name"] == "web" && ticket["count"] == 2)
            #expect(ticket["pool"] == "default" && ticket["principal"] == there.json["principal"])
            #expect(ticket["request_id"] == "mine" && isInstant(ticket["created_at"]))
            for member in ["ended_at", "lease_id", "reason", "estimate_seconds", "estimate_range_seconds"] {
                #expect(ticket[member] == .null, "\(member)")
            }
            // A day at most, whoever asks.
            let (created, deadline) = (try #require(ticket["created_at"].text), try #require(ticket["deadline"].text))
            #expect(isInstant(ticket["deadline"]) && deadline > created && deadline.suffix(13) == created.suffix(13))
            #expect(try daemon.ticket(ticket) == ticket)
        }
    }

    @Test func `shows its place, which the others' ends bring forward`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let tickets = try ["b", "c", "d"].map { try daemon.queued($0, 4) }
            #expect(tickets.map { $0["position"] } == [1, 2, 3])
            #expect(try daemon.leave(tickets[1]).status == 204)
            #expect(try daemon.places(tickets) == [1, nil, 2])
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.becomes(tickets[0], "granted"))
            #expect(try daemon.places(tickets) == [nil, nil, 1])
            let granted = try daemon.ticket(tickets[0])
            #expect(granted.members == Self.members && granted["gate"] == .null && isInstant(granted["ended_at"]))
            let lease = try daemon.call("GET", "/v1/leases/\(granted["lease_id"].int ?? 0)").json
            #expect(lease["session"] == "b" && lease["state"] == "active")
        }
    }

    @Test func `is waited for as long as the question says`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 4)
            let path = "/v1/tickets/\(ticket["id"].int ?? 0)"
            let watch = Stopwatch()
            let early = try daemon.call("GET", path + "?wait=1")
            #expect(watch.seconds > 0.99)
            #expect(early.status == 200 && early.json == ticket && early["connection"] == nil)
            let question = try daemon.ask(ticket, seconds: 60)
            #expect(try daemon.release(holder).status == 204)
            let answer = try question.receive()
            #expect(answer.status == 200 && answer.json["state"] == "granted", "\(answer)")
            // There is nothing to wait for any more.
            #expect(try daemon.call("GET", path + "?wait=60").json == answer.json)
            for wait in ["", "x", "-1", "1.5", "3601"] {
                expectProblem(try daemon.call("GET", "\(path)?wait=\(wait)"), 422, "invalid-field", "\(wait)")
            }
        }
    }

    @Test func `leaves the line once, however often it is told to`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 2)
            let (large, small) = (try daemon.queued("b", 4), try daemon.queued("c", 2))
            #expect(try daemon.leave(large).status == 204)
            let left = try daemon.ticket(large)
            #expect(left["state"] == "cancelled" && left["reason"] == "its client left the line")
            #expect(left["position"] == .null && left["gate"] == .null && isInstant(left["ended_at"]))
            #expect(try daemon.leave(large).status == 204)
            #expect(try daemon.ticket(large) == left)
            #expect(try daemon.all("/v1/audit?event=ticket.cancelled", "events").count == 1)
            // Behind it there is room.
            #expect(try daemon.becomes(small, "granted"))
        }
    }

    @Test func `keeps its lease when it is told to leave afterwards`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 4)
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.becomes(ticket, "granted"))
            let granted = try daemon.ticket(ticket)
            #expect(try daemon.leave(ticket).status == 204)
            #expect(try daemon.ticket(ticket) == granted)
            #expect(try daemon.call("GET", "/v1/leases/\(granted["lease_id"].int ?? 0)").json["state"] == "active")
        }
    }

    @Test func `has an id, and no other`() throws {
        try withDaemon(.init(poolSize: 1)) { daemon in
            try daemon.granted("a", 1)
            let id = try #require(try daemon.queued("b", 1)["id"].int)
            for wrong in ["0", "-1", "0\(id)", "+\(id)", "\(id + 1)", "abc", "99999999999999999999", "%00"] {
                expectProblem(try daemon.call("GET", "/v1/tickets/\(wrong)"), 404, "not-found", "\(wrong)")
                expectProblem(try daemon.call("DELETE", "/v1/tickets/\(wrong)"), 404, "not-found", "\(wrong)")
            }
            expectProblem(try daemon.call("PUT", "/v1/tickets/\(id)"), 405, "method-not-allowed")
        }
    }
}
