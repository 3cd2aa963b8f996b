import BerthCore
import BerthStore
import BerthTestSupport
import Testing

/// The line inside the database: who gets which place, and who goes on.
@Suite struct `The line` {
    private static let wait = WaitPreference(seconds: 60, isAsync: false)

    /// Asks for what there is no room for, and expects a ticket.
    private func ticket(_ test: TestStore, _ wish: Wish) async throws -> Ticket {
        var wish = wish
        (wish.first, wish.wait) = (nil, wish.wait ?? Self.wait)
        guard case .waiting(let ticket, _) = try await test.grant(wish) else { throw NotGranted(outcome: "no ticket") }
        return ticket
    }

    /// Proposes a block for a ticket.
    private func serve(_ test: TestStore, _ ticket: Ticket, at first: Int) async throws -> GrantOutcome {
        let command = GrantCommand(
            request: ticket.request, context: try await test.store.context(of: ticket),
            proposal: Proposal(block: .of(first, ticket.request.count)), owner: ticket.owner,
            ttlMilliseconds: ticket.ttlMilliseconds, supersedes: nil, processes: test.processes, ticket: ticket.id)
        return try #require(await test.store.serve([command]).first).get()
    }

    private func waiting(_ test: TestStore) throws -> [String] {
        try test.rows("SELECT id || ' ' || COALESCE(turn, 'slot') FROM tickets WHERE state = 'waiting' ORDER BY id")
    }

    @Test func `gives places in the order of the requests, whatever their sizes`() async throws {
        let test = try await TestStore.open()
        let large = try await ticket(test, Wish(session: "a", count: 50))
        let small = try await ticket(test, Wish(session: "b", count: 1))
        #expect(try waiting(test) == ["1 1", "2 2"])
        guard case .notItsTurn = try await serve(test, small, at: 20_000) else {
            Issue.record("the small one went before")
            return
        }
        guard case .granted(let lease, _) = try await serve(test, large, at: 20_000) else {
            Issue.record("the head was not served")
            return
        }
        #expect(lease.block.count == 50)
        #expect(try waiting(test) == ["2 2"])
        try test.expectWholeAudit()
    }

    @Test func `lets nobody in who comes after, though there is room`() async throws {
        let test = try await TestStore.open()
        _ = try await ticket(test, Wish(session: "a", count: 50))
        guard case .lineInFront = try await test.grant(Wish(session: "b", first: 20_000)) else {
            Issue.record("a newcomer went before")
            return
        }
        guard case .waiting = try await test.grant(Wish(session: "b", first: 20_000, wait: Self.wait)) else {
            Issue.record("a newcomer that waits went before")
            return
        }
    }

    @Test func `keeps a slot for a session that waits for ports`() async throws {
        let test = try await TestStore.open(limits: Limits(maxSessions: 2))
        try await test.lease(Wish(session: "a", first: 20_000))
        let second = try await ticket(test, Wish(session: "b"))
        // Both slots are in use: one by a, one by the ticket of b.
        #expect(await code { try await test.grant(Wish(session: "c", first: 20_010)) } == .sessionLimit)
        _ = try await ticket(test, Wish(session: "c"))
        _ = try await ticket(test, Wish(session: "a", name: "more"))
        #expect(try waiting(test) == ["1 1", "2 slot", "3 2"])
        #expect(try test.rows("SELECT active_sessions, held_slots, waiting FROM host") == ["1|1|3"])
        // The session that is there already never waits behind the one that waits for a slot.
        guard case .granted = try await serve(test, second, at: 20_010) else {
            Issue.record("b was not served")
            return
        }
        #expect(try test.rows("SELECT active_sessions, held_slots, waiting FROM host") == ["2|0|2"])
        _ = try await test.store.endSession("b", .alice)
        #expect(try waiting(test) == ["2 3", "3 2"])
        #expect(try test.rows("SELECT active_sessions, held_slots, waiting FROM host") == ["1|1|2"])
        try test.expectWholeAudit()
    }

    @Test func `hands a slot from one ticket of a session to the next`() async throws {
        let test = try await TestStore.open(limits: Limits(maxSessions: 1))
        let first = try await ticket(test, Wish(session: "a", name: "one"))
        _ = try await ticket(test, Wish(session: "a", name: "two"))
        _ = try await ticket(test, Wish(session: "b"))
        #expect(try waiting(test) == ["1 1", "2 2", "3 slot"])
        _ = try await test.store.leave(first.id, .cancelled("left"), .alice)
        #expect(try test.rows("SELECT id FROM tickets WHERE holds_slot = 1") == ["2"])
        _ = try await test.store.endSession("a", .alice)
        #expect(try waiting(test) == ["3 3"])
        #expect(
            try test.rows("SELECT state, end_reason FROM tickets ORDER BY id LIMIT 2").last
                == "cancelled|its session was ended")
    }

    @Test func `lets a smaller one go before a head without room, sixteen times, where its pool says so`() async throws
    {
        let pool = Pool(name: .standard, ranges: [.of(20_000, 100)], queue: .bestEffort)
        let test = try await TestStore.open(pools: [pool])
        _ = try await ticket(test, Wish(session: "a", count: 50))
        for number in 0..<16 {
            try await test.lease(
                Wish(session: "b", name: LeaseName(rawValue: "n\(number)"), first: 20_000 + number, count: 1))
        }
        #expect(try test.rows("SELECT passed FROM tickets") == ["16"])
        guard case .lineInFront = try await test.grant(Wish(session: "b", first: 20_050, count: 1)) else {
            Issue.record("the head was passed a seventeenth time")
            return
        }
        try test.expectWholeAudit()
    }

    @Test func `is full at its limit`() async throws {
        let test = try await TestStore.open(limits: Limits(maxWaiting: 1))
        _ = try await ticket(test, Wish(session: "a"))
        #expect(await code { try await ticket(test, Wish(session: "b")) } == .queueFull)
    }

    @Test func `counts a principal's ports against its quota`() async throws {
        let test = try await TestStore.open()
        let caller = Caller(principal: .token("ci"), isAdministrator: false, mayNameProcesses: false, maxPorts: 3)
        let context = ChangeContext(caller: caller)
        try await test.lease(Wish(session: "a", first: 20_000, count: 2, context: context))
        #expect(
            await code { try await test.grant(Wish(session: "b", first: 20_010, count: 2, context: context)) }
                == .quotaExceeded)
        try await test.lease(Wish(session: "b", first: 20_010, count: 1, context: context))
    }

    @Test func `outlives a start in its order, without those whose clients cannot come back`() async throws {
        var test = try await TestStore.open()
        _ = try await ticket(test, Wish(session: "a", wait: WaitPreference(seconds: nil, isAsync: true)))
        _ = try await ticket(test, Wish(session: "b"))
        _ = try await ticket(test, Wish(session: "c", wait: WaitPreference(seconds: nil, isAsync: true)))
        test = try await test.restarted()
        #expect(try waiting(test) == ["1 1", "3 3"])
        test = try await test.restarted(pools: [Pool(name: .standard, ranges: [.of(20_000, 1)])])
        #expect(try waiting(test) == [])
        #expect(try test.rows("SELECT DISTINCT state FROM tickets WHERE id <> 2") == ["lapsed"])
        try test.expectWholeAudit()
    }

    @Test func `lets in as many more sessions as a new limit allows`() async throws {
        var test = try await TestStore.open(limits: Limits(maxSessions: 1))
        try await test.lease(Wish(session: "a", first: 20_000))
        for session in ["b", "c", "d"] as [SessionName] {
            _ = try await ticket(test, Wish(session: session, wait: WaitPreference(seconds: nil, isAsync: true)))
        }
        test = try await test.restarted(limits: Limits(maxSessions: 3))
        #expect(try waiting(test) == ["1 1", "2 2", "3 slot"])
    }

    /// What a grant or a session's end looks up in the line costs the same, however many wait.
    @Test(arguments: [
        ("SELECT id FROM tickets WHERE state = 'waiting' AND turn IS NULL ORDER BY id LIMIT 1", "tickets_slot"),
        (
            """
            SELECT id, count, passed FROM tickets
            WHERE pool = 'default' AND state = 'waiting' AND turn IS NOT NULL ORDER BY turn LIMIT 1
            """, "tickets_turn"
        ),
        (
            """
            SELECT min(count) FROM tickets WHERE pool = 'default' AND state = 'waiting' AND turn IS NOT NULL
            """, "tickets_size"
        ),
        (
            """
            SELECT 1 FROM tickets
            WHERE session = 'a' AND principal = 'uid:1' AND holds_slot = 1
            """, "tickets_holding"
        ),
        (
            "SELECT * FROM tickets WHERE lease_id = 1 AND state = 'granted' AND redeemed_at IS NULL",
            "tickets_unredeemed"
        ),
    ])
    func `is looked at through its indices`(sql: String, index: String) async throws {
        let test = try await TestStore.open()
        let plan = try test.rows("EXPLAIN QUERY PLAN \(sql)").joined()
        #expect(plan.contains(index) && !plan.contains("TEMP B-TREE"), "\(plan)")
    }
}
