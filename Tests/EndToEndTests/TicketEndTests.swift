import Testing

/// Tickets that end without a lease of their clients' own accord, and those that are never made.
@Suite struct `The end of a ticket` {
    @Test func `answers the request that waits for it`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            let waiter = try daemon.waiter("b", 1)
            #expect(try daemon.leave(waiter.ticket).status == 204)
            let answer = try waiter.answer()
            expectProblem(answer, 503, "pool-exhausted")
            #expect(answer.json["detail"].text?.contains("its client left the line") == true, "\(answer)")
        }
    }

    @Test func `answers the question that waits for it`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 1)
            let question = try daemon.ask(ticket, seconds: 60)
            #expect(try daemon.leave(ticket).status == 204)
            let answer = try question.receive()
            #expect(answer.status == 200 && answer.json["state"] == "cancelled", "\(answer)")
        }
    }

    @Test func `comes with its session's`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let lease = try daemon.granted("a", 2)
            let ticket = try daemon.queued("a", 4)
            let waiter = try daemon.waiter("a", 3)
            let other = try daemon.queued("b", 4)
            #expect(try daemon.call("DELETE", "/v1/sessions/a").status == 204)
            #expect(try daemon.shown(lease)["state"] == "released")
            for ended in [ticket, waiter.ticket] {
                let now = try daemon.ticket(ended)
                #expect(now["state"] == "cancelled" && now["reason"] == "its session was ended", "\(now)")
            }
            expectProblem(try waiter.answer(), 503, "pool-exhausted")
            // What is another session's stays, and has room now.
            #expect(try daemon.becomes(other, "granted"))
            #expect(try daemon.call("DELETE", "/v1/sessions/a").status == 204)
        }
    }

    @Test func `comes with a session's that only waited to begin`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "1"])) { daemon in
            let lease = try daemon.granted("a", 4)
            let tickets = try [daemon.queued("b", 1), daemon.queued("b", 2)]
            #expect(tickets.map { $0["gate"] } == ["session", "session"])
            #expect(try daemon.call("DELETE", "/v1/sessions/b").status == 204)
            for ticket in tickets { #expect(try daemon.ticket(ticket)["state"] == "cancelled") }
            #expect(try daemon.line().isEmpty)
            // It never was, and never will be.
            #expect(try daemon.release(lease).status == 204)
            expectProblem(try daemon.call("GET", "/v1/sessions/b"), 404, "not-found")
            let records = try daemon.all("/v1/audit?session=b", "events")
            let events = ["ticket.waiting", "ticket.waiting", "ticket.cancelled", "ticket.cancelled"] as [JSON]
            #expect(records.map { $0["event"] } == events, "\(records)")
        }
    }

    @Test func `comes when nobody asks about it`() throws {
        let setup = Daemon.Setup(poolSize: 4)
        try withDaemon(configuration: "limits: { ticket_idle_seconds: 2 }\n", setup) { daemon in
            try daemon.granted("a", 4)
            let watch = Stopwatch()
            let (forgotten, asked) = (try daemon.queued("b", 1), try daemon.queued("c", 1))
            let path = "/v1/tickets/\(forgotten["id"].int ?? 0)"
            // Whoever else looks at it does not ask for its client.
            let lapses = try becomesTrue {
                #expect(try daemon.ticket(asked)["state"] == "waiting")
                return try daemon.callTCP("GET", path).json["state"] == "lapsed"
            }
            #expect(lapses && watch.seconds > 1.9)
            #expect(try daemon.ticket(forgotten)["reason"] == "nobody asked about it for 2 s")
            #expect(try daemon.places([forgotten, asked]) == [nil, 1])
        }
    }

    @Test func `does not come while somebody waits for it`() throws {
        let setup = Daemon.Setup(poolSize: 4)
        try withDaemon(configuration: "limits: { ticket_idle_seconds: 1 }\n", setup) { daemon in
            try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 1)
            let answer = try daemon.ask(ticket, seconds: 3).receive()
            #expect(answer.json["state"] == "waiting", "\(answer)")
        }
    }
}

@Suite struct `A full line` {
    @Test func `takes nobody more until somebody leaves`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-waiting", "2"])) { daemon in
            try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 1)
            let waiter = try daemon.waiter("c", 1)
            for preference in ["respond-async", "wait=60"] {
                let refused = try daemon.lease("d", 1, headers: [("Prefer", preference)])
                expectProblem(refused, 429, "queue-full", "\(preference)")
                #expect(refused["retry-after"].flatMap { Int($0) } != nil)
            }
            #expect(try daemon.places([ticket, waiter.ticket]) == [1, 2])
            #expect(try daemon.leave(ticket).status == 204)
            let next = try daemon.queued("d", 1)
            #expect(try daemon.places([waiter.ticket, next]) == [1, 2])
            waiter.hangUp()
        }
    }

    @Test func `may be one that takes nobody`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-waiting", "0"])) { daemon in
            let holder = try daemon.granted("a", 4)
            expectProblem(try daemon.lease("b", 1, headers: [("Prefer", "wait=60")]), 429, "queue-full")
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.lease("b", 1, headers: [("Prefer", "wait=60")]).status == 201)
        }
    }
}
