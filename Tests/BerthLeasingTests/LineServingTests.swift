import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

/// How those who wait are served, on a manual clock.
@Suite struct `Waiting in line` {
    private static let sync = WaitPreference(seconds: 30, isAsync: false)
    private static let async = WaitPreference(seconds: nil, isAsync: true)

    private func ask(
        _ test: TestManager, _ session: SessionName, _ count: Int, _ wait: WaitPreference? = Self.async,
        key: IdempotencyKey? = nil, owner: Int32? = nil
    ) async throws -> GrantReply {
        var request = GrantRequest(session: session, count: count)
        request.owner = owner.map(RequestedProcess.pid)
        return try await test.manager.lease(
            request, ChangeContext(caller: .alice, requestID: "r", idempotency: key), wait: wait)
    }

    /// Asks for what there is no room for.
    private func ticket(
        _ test: TestManager, _ session: SessionName, _ count: Int, _ wait: WaitPreference = Self.async,
        key: IdempotencyKey? = nil, owner: Int32? = nil
    ) async throws -> Ticket {
        switch try await ask(test, session, count, wait, key: key, owner: owner) {
        case .waiting(let ticket, _), .ticket(let ticket, _): return ticket
        case .created, .existing, .replayed, .again: throw NotWaiting()
        }
    }

    private struct NotWaiting: Error {}

    private func now(_ test: TestManager, _ ticket: Ticket) async throws -> Ticket {
        try await test.manager.ticket(ticket.id, waitSeconds: nil, for: .administrator)
    }

    private func isGranted(_ test: TestManager, _ ticket: Ticket) async throws -> Bool {
        if case .granted = try await now(test, ticket).state { true } else { false }
    }

    /// Time passes, with a daemon that looks around.
    private func pass(_ test: TestManager, seconds: Int) async throws {
        for _ in 0..<seconds {
            test.clock.advance(milliseconds: 1000)
            await test.reaper.sweep()
            try await test.manager.tidyLine(at: test.clock.now().boot)
        }
    }

    private static func key(_ text: String) -> IdempotencyKey {
        IdempotencyKey(method: "POST", path: "/v1/leases", key: text, requestHash: .init(repeating: 1, count: 32))
    }

    @Test func `is served in order when a lease ends`() async throws {
        let test = try await TestManager.start(size: 6)
        let held = try await test.lease("a", 6)
        let first = try await ticket(test, "b", 6)
        let second = try await ticket(test, "c", 1)
        try await test.release(held)
        try await test.manager.serveLine()
        #expect(try await isGranted(test, first))
        #expect(try await !isGranted(test, second))
        #expect(test.manager.prospect(of: try await now(test, second))?.position == 1)
        try await test.manager.endSession("b", ChangeContext(caller: .alice))
        try await test.manager.serveLine()
        #expect(try await isGranted(test, second))
    }

    @Test func `wakes nobody whom a release cannot serve`() async throws {
        let test = try await TestManager.start(size: 6)
        let (small, _) = (try await test.lease("a", 1), try await test.lease("b", 5))
        _ = try await ticket(test, "c", 6)
        try await test.manager.serveLine()
        let commits = try await test.manager.auditHead().seq
        try await test.release(small)
        #expect(test.manager.line.wantedPools.isEmpty)
        try await test.manager.serveLine()
        // The release and the end of its session are all that happened.
        #expect(try await test.manager.auditHead().seq == commits + 2)
    }

    @Test func `keeps free runs for the head, however many small ones come`() async throws {
        let test = try await TestManager.start(size: 12)
        var held: [Lease] = []
        for number in 0..<12 { held.append(try await test.lease(SessionName(rawValue: "s\(number)") ?? "s", 1)) }
        let head = try await ticket(test, "large", 6)
        for lease in held.prefix(6).reversed() {
            try await test.release(lease)
            #expect(await refusal(of: { try await ask(test, "small", 1, nil) })?.code == .poolExhausted)
            try await test.manager.serveLine()
        }
        #expect(try await isGranted(test, head))
    }

    @Test func `is over with its client's connection, for nobody else`() async throws {
        let test = try await TestManager.start(size: 2)
        let held = try await test.lease("a", 2)
        let gone = try await ticket(test, "b", 2, Self.sync)
        let stays = try await ticket(test, "c", 2)
        let manager = test.manager
        let client = Task {
            try await manager.attend(to: gone, Self.sync, ChangeContext(caller: .alice), isStopping: { false })
        }
        client.cancel()
        #expect(await refusal(of: { try await client.value })?.code == .malformedRequest)
        guard case .cancelled(_, "its client hung up") = try await now(test, gone).state else {
            Issue.record("the ticket waits on")
            return
        }
        try await test.release(held)
        try await test.manager.serveLine()
        #expect(try await isGranted(test, stays))
    }

    @Test func `answers the client that waits, with a lease that it is known to have heard of`() async throws {
        let test = try await TestManager.start(size: 2)
        let held = try await test.lease("a", 2)
        let waits = try await ticket(test, "b", 2, Self.sync)
        let manager = test.manager
        let client = Task {
            try await manager.attend(to: waits, Self.sync, ChangeContext(caller: .alice), isStopping: { false })
        }
        try await test.release(held)
        try await test.manager.serveLine()
        guard case .created(let lease) = try await client.value else {
            Issue.record("no new lease")
            return
        }
        guard case .granted(lease.id, _, isRedeemed: true) = try await now(test, waits).state else {
            Issue.record("the ticket says otherwise")
            return
        }
    }

    @Test func `gives a lease back of which nobody heard`() async throws {
        let test = try await TestManager.start(size: 4)
        let held = try await test.lease("a", 4)
        let nobody = try await ticket(test, "b", 2, Self.sync)
        let keyed = try await ticket(test, "c", 2, Self.sync, key: Self.key("k"))
        try await test.release(held)
        try await test.manager.serveLine()
        #expect(try await isGranted(test, nobody))
        #expect(try await isGranted(test, keyed))
        // Without a key too: its own request may still be on its way from the commit.
        test.clock.advance(milliseconds: WaitLine.graceMilliseconds - 1)
        try await test.manager.tidyLine(at: test.clock.now().boot)
        #expect(try await test.manager.leases(LeaseFilter(), for: .administrator).count == 2)
        test.clock.advance(milliseconds: 1)
        try await test.manager.tidyLine(at: test.clock.now().boot)
        #expect(try await test.manager.leases(LeaseFilter(), for: .administrator).isEmpty)
    }

    @Test func `lets a client that was cut off come back for its lease with its key`() async throws {
        let test = try await TestManager.start(size: 2)
        let held = try await test.lease("a", 2)
        let keyed = try await ticket(test, "b", 2, Self.sync, key: Self.key("k"))
        try await test.release(held)
        try await test.manager.serveLine()
        guard case .replayed(let lease, 201) = try await ask(test, "b", 2, Self.sync, key: Self.key("k")) else {
            Issue.record("it was not found again")
            return
        }
        test.clock.advance(milliseconds: WaitLine.graceMilliseconds)
        try await test.manager.tidyLine(at: test.clock.now().boot)
        #expect(try await test.end(of: lease) == nil)
        guard case .granted(lease.id, _, isRedeemed: true) = try await now(test, keyed).state else {
            Issue.record("the ticket says otherwise")
            return
        }
    }

    @Test func `lapses at its deadline, and an asynchronous one when nobody asks`() async throws {
        let test = try await TestManager.start(size: 1)
        try await test.lease("a", 1) { $0.ttl = .seconds(86_400) }
        let timed = try await ticket(test, "b", 1, Self.sync)
        let asked = try await ticket(test, "c", 1)
        let forgotten = try await ticket(test, "d", 1)
        try await pass(test, seconds: 30)
        guard case .lapsed(.poolExhausted, _, _) = try await now(test, timed).state else {
            Issue.record("it outlived its deadline")
            return
        }
        _ = try await test.manager.ticket(asked.id, waitSeconds: nil, for: .alice)
        try await pass(test, seconds: 30)
        #expect(try await now(test, asked).state == .waiting)
        guard case .lapsed = try await now(test, forgotten).state else {
            Issue.record("it outlived everybody's interest")
            return
        }
    }

    @Test func `ends with the process that was to own the lease`() async throws {
        let test = try await TestManager.start(size: 1)
        let held = try await test.lease("a", 1)
        _ = test.processes.start(42, user: 1000)
        let dead = try await ticket(test, "b", 1, owner: 42)
        let next = try await ticket(test, "c", 1)
        test.processes.end(42)
        try await test.release(held)
        try await test.manager.serveLine()
        guard case .cancelled = try await now(test, dead).state else {
            Issue.record("a dead process got a lease")
            return
        }
        #expect(try await isGranted(test, next))
    }

    @Test func `goes on when a quarantine ends and when a stranger has gone`() async throws {
        let test = try await TestManager.start(size: 2)
        try await test.lease("a", 1) { $0.ttl = .seconds(1) }
        test.probe.bind(.of(20_001))
        let head = try await ticket(test, "b", 2)
        test.clock.advance(milliseconds: 1000)
        await test.reaper.sweep()
        test.probe.unbind(.of(20_001))
        for _ in 0..<40 {
            test.clock.advance(milliseconds: 1000)
            await test.reaper.sweep()
            try await test.manager.serveLine()
        }
        #expect(try await isGranted(test, head))
    }

    @Test func `waits for a client that comes back after a restart, ten seconds`() async throws {
        var test = try await TestManager.start(size: 2)
        try await test.lease("a", 2) { $0.ttl = .seconds(3600) }
        let (lost, kept) = (
            try await ticket(test, "b", 2, Self.sync, key: Self.key("b")),
            try await ticket(test, "c", 2, Self.sync, key: Self.key("c"))
        )
        test = try await test.restarted()
        guard case .waiting(let again, true) = try await ask(test, "c", 2, Self.sync, key: Self.key("c")) else {
            Issue.record("its place was not found again")
            return
        }
        #expect(again.id == kept.id)
        let manager = test.manager
        let client = Task {
            try await manager.attend(to: again, Self.sync, ChangeContext(caller: .alice), isStopping: { false })
        }
        #expect(await eventually { manager.line.attendants(at: again.id) == 1 })
        try await pass(test, seconds: Int(WaitLine.graceMilliseconds / 1000))
        guard case .cancelled = try await now(test, lost).state else {
            Issue.record("nobody came back, and it waits")
            return
        }
        #expect(try await now(test, kept).state == .waiting)
        client.cancel()
        _ = await client.result
    }

    @Test func `guesses from how long leases were held, once a few have ended`() async throws {
        let test = try await TestManager.start(size: 2)
        for _ in 0..<5 {
            let lease = try await test.lease("a", 2)
            test.clock.advance(milliseconds: 10_000)
            try await test.release(lease)
        }
        try await test.lease("a", 2)
        let first = try await ticket(test, "b", 2)
        let second = try await ticket(test, "c", 2)
        #expect(test.manager.prospect(of: first)?.estimate == WaitEstimate(seconds: 10, atLeast: 10, atMost: 10))
        #expect(test.manager.prospect(of: second)?.estimate?.seconds == 20)
    }

    @Test func `has no deadlock between its gates`() async throws {
        let test = try await TestManager.start(size: 4, limits: Limits(maxSessions: 2))
        let (one, two) = (try await test.lease("a", 2), try await test.lease("b", 2))
        // They wait for a slot in front of everybody; the sessions that hold the slots want a second block each.
        let strangers = [try await ticket(test, "c", 2), try await ticket(test, "d", 2)]
        let more = [try await ticket(test, "a", 1), try await ticket(test, "b", 1)]
        try await test.release(two)
        try await test.manager.serveLine()
        // b has ended but for its ticket, which keeps the slot; a and b come first, since they stand at the second gate.
        for ticket in more { #expect(try await isGranted(test, ticket)) }
        try await test.release(one)
        try await test.manager.endSession("a", ChangeContext(caller: .alice))
        try await test.manager.serveLine()
        #expect(try await isGranted(test, strangers[0]))
        try await test.manager.endSession("b", ChangeContext(caller: .alice))
        try await test.manager.serveLine()
        try await test.manager.endSession("c", ChangeContext(caller: .alice))
        try await test.manager.serveLine()
        #expect(try await isGranted(test, strangers[1]))
    }
}
