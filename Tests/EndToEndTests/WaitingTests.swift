import Glibc
import Testing

/// Requests that wait for ports.
@Suite struct `Waiting in line` {
    @Test func `serves the first when room comes, and the next behind it`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let first = try daemon.waiter("b", 3)
            let second = try daemon.waiter("c", 3)
            #expect(first.ticket["position"] == 1 && second.ticket["position"] == 2)
            #expect(try daemon.pool()["waiting"] == 2)
            #expect(try daemon.release(holder).status == 204)
            let served = try first.answer()
            #expect(served.status == 201 && served.json["count"] == 3, "\(served)")
            #expect(served["location"] == "/v1/leases/\(served.json["id"].int ?? 0)")
            #expect(served["connection"] == nil && served["idempotency-replayed"] == nil)
            #expect(try daemon.ticket(first.ticket)["state"] == "granted")
            #expect(try daemon.places([second.ticket]) == [1])
            #expect(try daemon.release(served.json).status == 204)
            #expect(try second.answer().status == 201)
            #expect(try daemon.line().isEmpty)
            #expect(try daemon.pool()["waiting"] == 0)
        }
    }

    @Test func `lets nobody small overtake somebody large, though there is room`() throws {
        try withDaemon(.init(poolSize: 10)) { daemon in
            let held = try [4, 2, 2].map { try daemon.granted("a", $0) }
            let large = try daemon.waiter("b", 8)
            let small = try daemon.waiter("c", 1)
            // Room comes that does for the small one alone.
            #expect(try daemon.release(held[1]).status == 204)
            #expect(try daemon.places([large.ticket, small.ticket]) == [1, 2])
            // Whoever would not wait is refused at once, behind a line.
            let newcomer = try daemon.lease("d", 1)
            expectProblem(newcomer, 503, "pool-exhausted")
            #expect(newcomer["retry-after"] != nil && newcomer["connection"] != "close")
            #expect(newcomer.json["free"] == 4 && newcomer.json["count"] == 1)
            for lease in [held[0], held[2]] { #expect(try daemon.release(lease).status == 204) }
            let ids = try [large, small].compactMap { try $0.answer().json["id"].int }
            #expect(ids.count == 2 && ids == ids.sorted())
        }
    }

    @Test func `ends with its time, in the answer that it put off`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 3)
            let watch = Stopwatch()
            let over = try daemon.lease("b", 2, headers: [("Prefer", "wait=1")])
            #expect(watch.seconds > 0.99)
            expectProblem(over, 503, "pool-exhausted")
            #expect(over["retry-after"] != nil && over["connection"] == nil)
            #expect(over.json["free"] == 1 && over.json["largest_free_block"] == 1 && over.json["count"] == 2)
            let events = try daemon.all("/v1/audit?session=b", "events").map { $0["event"] }
            #expect(events == ["ticket.waiting", "ticket.lapsed"])
        }
    }

    @Test func `ends with its time at the gate of the sessions, too`() throws {
        try withDaemon(.init(extra: ["--max-sessions", "1"])) { daemon in
            try daemon.granted("a", 1)
            let watch = Stopwatch()
            let over = try daemon.lease("b", 1, headers: [("Prefer", "wait=1")])
            #expect(watch.seconds > 0.99)
            expectProblem(over, 429, "session-limit")
            #expect(over["retry-after"] != nil && over["connection"] == nil)
        }
    }

    @Test func `is over for a client that hangs up, and for nobody else`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 2)
            let waiters = try [("b", 4), ("c", 4), ("d", 4), ("e", 2)].map { try daemon.waiter($0.0, $0.1) }
            waiters[1].hangUp()
            #expect(try daemon.becomes(waiters[1].ticket, "cancelled"))
            #expect(try daemon.ticket(waiters[1].ticket)["reason"] == "its client hung up")
            #expect(try daemon.places(waiters.map(\.ticket)) == [1, nil, 2, 3])
            // The first one's place is the next one's then.
            waiters[0].hangUp()
            #expect(try daemon.becomes(waiters[0].ticket, "cancelled"))
            #expect(try daemon.places(waiters.map(\.ticket)) == [nil, nil, 1, 2])
            // And whoever finds room behind it is served.
            waiters[2].hangUp()
            #expect(try waiters[3].answer().status == 201)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `is not for the lease of a name that is there already`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let lease = try daemon.granted("a", 2, ["name": "web"])
            let waiter = try daemon.waiter("b", 4)
            for headers in [[], [("Prefer", "wait=60")], Daemon.respondAsync] as [[(String, String)]] {
                let again = try daemon.lease("a", 2, ["name": "web"], headers: headers)
                #expect(again.status == 200 && again.json["id"] == lease["id"], "\(again)")
            }
            #expect(try daemon.places([waiter.ticket]) == [1])
            waiter.hangUp()
        }
    }

    @Test func `is over for a request whose owner has ended`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let owner = try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file("owner"))
            let orphan = try daemon.waiter("b", 4, ["owner_pid": .integer(Int(owner.id))])
            let next = try daemon.waiter("c", 4)
            owner.kill()
            #expect(try daemon.release(holder).status == 204)
            #expect(try next.answer().status == 201)
            expectProblem(try orphan.answer(), 503, "pool-exhausted")
            #expect(try daemon.ticket(orphan.ticket)["reason"].text?.contains("PID \(owner.id)") == true)
        }
    }
}

@Suite struct `Waiting for one block alone` {
    @Test func `is refused at once where nobody waits`() throws {
        try withDaemon(.init(poolSize: 6)) { daemon in
            try daemon.granted("a", 4, ["first_port": .integer(daemon.low)])
            for preference in ["wait=60", "respond-async", "wait=60, respond-async"] {
                let refused = try daemon.lease(
                    "b", 2, ["first_port": .integer(daemon.low + 3)], headers: [("Prefer", preference)])
                expectProblem(refused, 409, "port-unavailable", "\(preference)")
                #expect(refused.json["port"] == .integer(daemon.low + 3))
            }
            #expect(try daemon.line().isEmpty)
        }
    }

    @Test func `goes on behind others until its turn, and ends there where the block is taken`() throws {
        try withDaemon(.init(poolSize: 6)) { daemon in
            let holder = try daemon.granted("a", 4, ["first_port": .integer(daemon.low)])
            let head = try daemon.waiter("b", 4, ["preferred_first_port": .integer(daemon.low)])
            let taken = try daemon.waiter("c", 2, ["first_port": .integer(daemon.low + 3)])
            let free = try daemon.waiter("d", 2, ["first_port": .integer(daemon.low + 4)])
            #expect(try daemon.places([head, taken, free].map(\.ticket)) == [1, 2, 3])
            #expect(try daemon.release(holder).status == 204)
            #expect(try head.answer().json["first_port"] == .integer(daemon.low))
            expectProblem(try taken.answer(), 409, "port-unavailable")
            #expect(try daemon.ticket(taken.ticket)["state"] == "lapsed")
            #expect(try free.answer().json["first_port"] == .integer(daemon.low + 4))
        }
    }
}
