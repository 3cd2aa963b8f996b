import BerthCore
import BerthTestSupport
import Testing

@testable import BerthStore

@Suite struct `A session that sleeps without a lease` {
    static let draft = TemplateStart(template: "draft", variables: ["league": "b"])

    private func wish(_ first: Int? = 20_000) -> Wish {
        var wish = Wish(name: Self.draft.leaseName, first: first, agents: ["one", "two"])
        wish.template = Self.draft
        return wish
    }

    private func waking(_ session: Session, _ first: Int? = 20_050) -> Wish {
        var wish = wish(first)
        (wish.wakes, wish.ttl) = (session.row, nil)
        return wish
    }

    private func alice(_ test: TestStore) async throws -> Session {
        try #require(try await test.store.session("alice", for: .alice))
    }

    /// The last records' events, the newest first.
    private func lastTwo(_ test: TestStore) throws -> [String] {
        try test.rows("SELECT event FROM audit ORDER BY seq DESC LIMIT 2")
    }

    /// Alice's session, asleep, and the lease that it had.
    private func asleep(
        _ limits: Limits = Limits(), _ change: (inout Wish) -> Void = { _ in }
    ) async throws -> (TestStore, Session, Lease) {
        let test = try await TestStore.open(limits: limits)
        var wish = wish()
        change(&wish)
        let lease = try await test.lease(wish)
        let row = try await alice(test).row
        #expect(try await test.store.turn(row, from: [.starting], to: .running, reason: nil, .daemon))
        test.clock.advance(milliseconds: 1000)
        let slept = try await test.store.sleep(
            row, releasing: lease.id, from: [.running], reason: "nobody asked", .daemon)
        #expect(slept)
        return (test, try await alice(test), lease)
    }

    @Test func `gives its ports back in the transaction that has it sleep, and stays`() async throws {
        let (test, session, lease) = try await asleep()
        #expect(session.endedAt == nil && session.leases == 0 && session.ports == 0)
        #expect(session.template?.phase == .asleep)
        #expect(session.template?.rest == SleepTerms(expiry: try #require(lease.expiry), ttlMilliseconds: 60_000))
        #expect(try await test.now(lease).end == .released)
        #expect(try lastTwo(test) == ["lease.released", "session.slept"])
        #expect(try test.rows("SELECT count(*) FROM ports WHERE state <> 'free'") == ["0"])
        #expect(try test.rows("SELECT active_sessions FROM host") == ["1"], "it keeps its slot")
        #expect(try await test.store.sleepers() == [session])
        // Its ports are for others.
        try await test.lease(Wish(session: "bob", first: 20_000, context: .bob))
        try test.expectWholeAudit()
    }

    @Test func `sleeps only from the phases that come before, and with the lease that it has`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(wish())
        let other = try await test.lease(Wish(first: 20_010))
        let row = try await alice(test).row
        func release(_ id: LeaseID, _ earlier: Set<SessionPhase>) async throws -> Bool {
            try await test.store.sleep(row, releasing: id, from: earlier, reason: "idle", .daemon)
        }
        let before = try test.everything()
        #expect(try await !release(lease.id, [.running]))
        #expect(try await !release(other.id, [.starting]))
        #expect(try test.everything() == before)
        #expect(try await release(lease.id, [.starting]))
        #expect(try await !release(lease.id, [.asleep, .starting]))
        // Its other lease neither keeps it awake nor ends it.
        #expect(try await test.store.release(other.id, reason: "done", .alice) != nil)
        #expect(try await alice(test).template?.rest != nil)
        #expect(try await test.store.turn(row, from: [.asleep], to: .starting, reason: nil, .daemon) == false)
        try test.expectWholeAudit()
    }

    @Test func `is woken with other ports, in its own name, and with the time that is left`() async throws {
        let (test, session, lease) = try await asleep()
        try await test.lease(Wish(session: "bob", first: 20_000, context: .bob))
        test.clock.advance(milliseconds: 5_000)
        let next = try await test.lease(waking(session))
        #expect(next.block == .of(20_050, 2) && next.principal == .user(1000) && next.id > lease.id)
        #expect(next.agents.map(\.name) == ["one", "two"])
        #expect(next.expiry == lease.expiry && next.ttlMilliseconds == 60_000)
        let now = try await alice(test)
        #expect(now.row == session.row && now.template == SessionTemplateState(start: Self.draft, phase: .starting))
        #expect(now.leases == 1 && now.ports == 2)
        #expect(try lastTwo(test) == ["session.woken", "lease.granted"])
        // Who comes a moment later finds it awake, and does not lengthen its life.
        guard case .existing(let same) = try await test.grant(waking(session)) else {
            Issue.record("it was not found again")
            return
        }
        #expect(same == next)
        try test.expectWholeAudit()
    }

    @Test func `is woken by a start too, which renews it`() async throws {
        let (test, session, _) = try await asleep()
        test.clock.advance(milliseconds: 5_000)
        let next = try await test.lease(wish())
        #expect(next.ttlMilliseconds == 60_000)
        #expect(next.deadline == test.clock.now().boot.advanced(byMilliseconds: 60_000))
        #expect(try await alice(test).row == session.row)
        _ = try await test.store.sleep(session.row, releasing: next.id, from: [.starting], reason: "idle", .daemon)
        var named = wish()
        (named.ttl, named.namesTTL) = (5_000, true)
        #expect(try await test.lease(named).ttlMilliseconds == 5_000)
        try test.expectWholeAudit()
    }

    @Test func `is not woken past others' quotas, the line, or for somebody else`() async throws {
        let (test, session, _) = try await asleep(Limits(maxPortsPerSession: 3))
        try await test.lease(Wish(first: 20_010))
        let before = try test.everything()
        #expect(await code { try await test.grant(waking(session)) } == .quotaExceeded)
        var foreign = waking(session)
        foreign.context = .bob
        #expect(await code { try await test.grant(foreign) } == .forbidden)
        var later = waking(session)
        later.wakes = session.row + 1
        #expect(await code { try await test.grant(later) } == .leaseEnded)
        // Nobody takes the name that its next lease will have.
        #expect(await code { try await test.grant(Wish(name: Self.draft.leaseName, first: 20_030)) } == .nameConflict)
        #expect(try test.everything() == before)
    }

    @Test func `waits behind those who came first, and sleeps on where there is no room`() async throws {
        let (test, session, _) = try await asleep()
        let holder = try await test.lease(Wish(session: "bob", count: 100, context: .bob))
        guard case .noProposal = try await test.grant(waking(session, nil)) else {
            Issue.record("there is no room")
            return
        }
        var large = Wish(session: "carol", first: nil, count: 90, context: .bob)
        large.wait = WaitPreference(seconds: 30, isAsync: false)
        guard case .waiting = try await test.grant(large) else {
            Issue.record("it waits")
            return
        }
        var late = waking(session, nil)
        late.wait = WaitPreference(seconds: 30, isAsync: false)
        guard case .waiting(let ticket, _) = try await test.grant(late) else {
            Issue.record("it does not go before others")
            return
        }
        #expect(ticket.request.wakes == session.row && ticket.turn == 2)
        #expect(try await alice(test) == session)
        _ = try await test.store.release(holder.id, reason: "done", .bob)
        func serve(_ ticket: Ticket) async throws -> GrantOutcome {
            let command = GrantCommand(
                request: ticket.request, context: try await test.store.context(of: ticket),
                proposal: Proposal(block: .of(20_000, ticket.request.count)), owner: nil,
                ttlMilliseconds: ticket.ttlMilliseconds, supersedes: nil, processes: test.processes, ticket: ticket.id)
            return try await test.store.serve([command])[0].get()
        }
        guard case .notItsTurn = try await serve(ticket) else {
            Issue.record("it jumped the line")
            return
        }
        let first = try #require(try await test.store.waitingTickets(limit: 10).first)
        _ = try await test.store.leave(first.id, .cancelled("left"), .daemon)
        guard case .granted(let lease, _) = try await serve(ticket) else {
            Issue.record("it was its turn")
            return
        }
        #expect(lease.expiry != nil)
        #expect(try await alice(test).template?.phase == .starting)
        try test.expectWholeAudit()
    }

    @Test func `ends when it is ended, and is not woken from a ticket that waits`() async throws {
        let (test, session, _) = try await asleep()
        try await test.lease(Wish(session: "bob", count: 100, context: .bob))
        var late = waking(session, nil)
        late.wait = WaitPreference(seconds: 30, isAsync: false)
        _ = try await test.grant(late)
        #expect(try await test.store.endSleeper(session.row, .bob) == false)
        _ = try await test.store.endSession("alice", .alice)
        let ended = try await alice(test)
        #expect(ended.endedAt != nil && ended.template?.rest == nil && ended.row == session.row)
        #expect(try lastTwo(test) == ["session.ended", "ticket.cancelled"])
        #expect(try test.rows("SELECT active_sessions FROM host") == ["1"])
        #expect(try await test.store.endSleeper(session.row, .alice) == false)
        try test.expectWholeAudit()
    }

    @Test func `ends when its time is over, and not before it has lost its other leases`() async throws {
        let (test, session, lease) = try await asleep()
        let other = try await test.lease(Wish(first: 20_010, ttl: 600_000))
        #expect(try await test.store.earliestDeadline() == other.deadline)
        test.clock.advance(milliseconds: 59_000)
        #expect(try await test.store.expire(limit: 5, .daemon).isEmpty)
        #expect(try await alice(test).template?.rest != nil)
        #expect(await code { try await test.grant(waking(session)) } == .leaseEnded)
        _ = try await test.store.release(other.id, reason: "done", .alice)
        #expect(try await test.store.earliestDeadline() == lease.deadline)
        #expect(try await test.store.expire(limit: 5, .daemon).isEmpty)
        #expect(try await alice(test).endedAt != nil)
        #expect(try await test.store.earliestDeadline() == nil)
        try test.expectWholeAudit()
    }

    @Test func `has what is left of its time after a gap, a restart and another boot`() async throws {
        var (test, session, _) = try await asleep()
        let before = test.clock.now().boot
        test.clock.advance(milliseconds: 70_000)
        try await test.store.forgiveGap(since: before, .daemon)
        let grace = test.clock.now().boot.advanced(byMilliseconds: 30_000)
        #expect(try await test.store.earliestDeadline() == grace)
        try test.stop()
        test = try await test.started()
        #expect(try await test.store.earliestDeadline() == grace)
        #expect(try await test.store.sleepers().map(\.row) == [session.row])
        try test.stop()
        test.clock.reboot(as: BootID("boot-2"), down: 10_000)
        test = try await test.started()
        #expect(
            try await test.store.earliestDeadline() == test.clock.now().boot.advanced(byMilliseconds: 20_000))
        session = try await alice(test)
        #expect(try await test.lease(waking(session)).ttlMilliseconds == 60_000)
        try test.expectWholeAudit()
    }

    @Test func `that was pinned sleeps without an end`() async throws {
        let (test, session, _) = try await asleep { ($0.isPinned, $0.ttl) = (true, nil) }
        #expect(session.template?.rest == SleepTerms(expiry: .never, ttlMilliseconds: nil))
        test.clock.advance(milliseconds: 1_000_000)
        #expect(try await test.store.expire(limit: 5, .daemon).isEmpty)
        var named = wish()
        (named.ttl, named.namesTTL) = (5_000, true)
        #expect(await code { try await test.grant(named) } == .invalidField)
        let lease = try await test.lease(waking(session))
        #expect(lease.isPinned && lease.ttlMilliseconds == nil)
        try test.expectWholeAudit()
    }

    @Test func `outlives the records of its leases, and goes with its own`() async throws {
        let (test, session, _) = try await asleep { ($0.isPinned, $0.ttl) = (true, nil) }
        // Then alice's lease is not the last one of its ports any more.
        let bobs = try await test.lease(Wish(session: "bob", first: 20_000, context: .bob))
        _ = try await test.store.release(bobs.id, reason: "done", .bob)
        func prune() async throws {
            test.clock.advance(milliseconds: 10_000)
            let head = try await test.store.auditHead()
            _ = try await test.store.prune(
                before: head.at.advanced(byMilliseconds: 1), ChangeContext(caller: .administrator))
            #expect(try await test.store.verify().problem == nil)
        }
        try await prune()
        #expect(try test.rows("SELECT count(*) FROM leases WHERE session_id = \(session.row)") == ["0"])
        #expect(try await alice(test) == session)
        #expect(try await test.store.endSleeper(session.row, .daemon))
        #expect(try await test.store.verify().problem == nil)
        #expect(try await alice(test).endedAt != nil)
        try await prune()
        #expect(try await test.store.session("alice", for: .alice) == nil, "nothing tells of it any more")
        let finding = try await test.store.verify()
        #expect(finding.problem == nil)
    }
}

extension Lease {
    /// How long it lives; nil once it has ended.
    fileprivate var expiry: Expiry? { if case .active(let expiry) = state { expiry } else { nil } }
}
