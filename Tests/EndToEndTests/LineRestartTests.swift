import Glibc
import Testing

/// The line through the daemon's end and its next start.
@Suite struct `The line across restarts` {
    private func key(_ text: String) -> [(String, String)] { [("Idempotency-Key", text)] }

    /// The request of a client that came back.
    private func again(_ daemon: Daemon, _ session: String, _ count: Int, key text: String) throws -> Connection {
        try daemon.send(session, count, headers: [("Prefer", "wait=60")] + key(text))
    }

    @Test func `keeps tickets in their places through SIGKILL`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "3"])) { daemon in
            let holder = try daemon.granted("a", 4)
            let tickets = try ["b", "c", "d"].map { try daemon.queued($0, 2) }
            #expect(tickets.map { $0["gate"] } == ["pool", "pool", "session"])
            for _ in 0..<2 {
                try daemon.restart()
                for ticket in tickets { #expect(try daemon.ticket(ticket) == ticket) }
                #expect(try daemon.line() == tickets)
            }
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.becomes(tickets[0], "granted"))
            #expect(try daemon.becomes(tickets[1], "granted"))
            // A session has ended, so the third one waits for ports now.
            #expect(try daemon.ticket(tickets[2])["gate"] == "pool")
            try daemon.restart()
            #expect(try daemon.call("DELETE", "/v1/sessions/c").status == 204)
            #expect(try daemon.becomes(tickets[2], "granted"))
            let leases = try tickets.compactMap { try daemon.ticket($0)["lease_id"].int }
            #expect(leases.count == 3 && leases == leases.sorted())
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `keeps the place of a client that comes back with its key, for ten seconds`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let lost = try daemon.waiter("b", 4, headers: key("lost"))
            let loyal = try daemon.waiter("c", 4, headers: key("loyal"))
            daemon.kill()
            for waiter in [lost, loyal] { #expect(throws: Connection.Ended.self) { try waiter.answer() } }
            try daemon.start()
            #expect(try daemon.places([lost.ticket, loyal.ticket]) == [1, 2])
            let returned = try again(daemon, "c", 4, key: "loyal")
            // Who does not come back is waited for, and not longer.
            #expect(try daemon.becomes(lost.ticket, "cancelled", within: 20))
            #expect(try daemon.ticket(lost.ticket)["reason"].text?.contains("did not come back") == true)
            #expect(try daemon.line().map { $0["id"] } == [loyal.ticket["id"]])
            #expect(try daemon.release(holder).status == 204)
            let answer = try returned.receive()
            #expect(answer.status == 201 && answer["idempotency-replayed"] == "true", "\(answer)")
            #expect(answer.json["session"] == "c" && answer.json["state"] == "active")
            #expect(try daemon.ticket(loyal.ticket)["lease_id"] == answer.json["id"])
            // The ticket was the one all the time.
            #expect(try daemon.all("/v1/audit?event=ticket.waiting", "events").count == 2)
        }
    }

    @Test func `keeps a lease for its client that was granted before it came back`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let waiter = try daemon.waiter("b", 4, headers: key("k"))
            daemon.kill()
            #expect(throws: Connection.Ended.self) { try waiter.answer() }
            try daemon.start()
            #expect(try daemon.release(holder).status == 204)
            #expect(try becomesTrue { try daemon.leases(of: "b").first?["state"] == "active" })
            let answer = try again(daemon, "b", 4, key: "k").receive()
            #expect(answer.status == 201 && answer["idempotency-replayed"] == "true", "\(answer)")
            #expect(try daemon.all("/v1/audit?event=ticket.redeemed", "events").count == 1)
        }
    }

    @Test func `cancels a request whose client cannot come back, and serves the next`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 2)
            let keyless = try daemon.waiter("b", 4)
            let next = try daemon.queued("c", 2)
            try daemon.restart()
            let ended = try daemon.ticket(keyless.ticket)
            #expect(ended["state"] == "cancelled", "\(ended)")
            #expect(ended["reason"].text?.contains("gave no Idempotency-Key") == true)
            #expect(try daemon.becomes(next, "granted"))
            keyless.hangUp()
        }
    }

    @Test func `repeats a ticket that was the answer, as it now stands`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let ticket = try daemon.queued("b", 2, headers: key("k"))
            func replay() throws -> JSON {
                let answer = try daemon.lease("b", 2, headers: Daemon.respondAsync + key("k"))
                #expect(answer.status == 202 && answer["idempotency-replayed"] == "true", "\(answer)")
                #expect(answer["location"] == "/v1/tickets/\(ticket["id"].int ?? 0)")
                return answer.json
            }
            #expect(try replay() == ticket)
            expectProblem(
                try daemon.lease("b", 3, headers: Daemon.respondAsync + key("k")), 422, "idempotency-key-reused")
            try daemon.restart()
            #expect(try replay() == ticket)
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.becomes(ticket, "granted"))
            let granted = try replay()
            #expect(granted["id"] == ticket["id"] && granted["state"] == "granted")
            #expect(try daemon.leases(of: "b").map { $0["id"] } == [granted["lease_id"]])
            try daemon.restart()
            #expect(try replay() == granted)
        }
    }

    @Test func `ends every wait in order at SIGTERM, and keeps the places of those who have a key`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let keyed = try daemon.waiter("b", 2, headers: key("k"))
            let keyless = try daemon.waiter("c", 2)
            let ticket = try daemon.queued("d", 2)
            let watch = Stopwatch()
            #expect(try daemon.stop(SIGTERM) == .exited(0))
            #expect(watch.seconds < 5)
            for waiter in [keyed, keyless] {
                let answer = try waiter.answer()
                expectProblem(answer, 503, "storage-unavailable")
                #expect(answer["retry-after"] != nil)
            }
            try daemon.start()
            #expect(try daemon.places([keyed.ticket, keyless.ticket, ticket]) == [1, nil, 2])
            let returned = try again(daemon, "b", 2, key: "k")
            #expect(try daemon.release(holder).status == 204)
            let answer = try returned.receive()
            #expect(answer.status == 201 && answer["idempotency-replayed"] == "true", "\(answer)")
            #expect(try daemon.becomes(ticket, "granted"))
        }
    }
}
