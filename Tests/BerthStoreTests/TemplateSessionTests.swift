import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `A session of a template` {
    static let draft = TemplateStart(template: "draft", variables: ["league": "b"])

    private func wish(_ start: TemplateStart = Self.draft, first: Int = 20_000) -> Wish {
        var wish = Wish(name: start.leaseName, first: first, agents: ["one", "two"])
        wish.template = start
        return wish
    }

    @Test func `is written with its first grant, and tells its template in the audit`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(wish())
        let session = try #require(try await test.store.session("alice", for: .alice))
        #expect(session.template == SessionTemplateState(start: Self.draft, phase: .starting))
        #expect(lease.name?.rawValue == "template:draft")
        let details = try test.rows("SELECT details FROM audit WHERE event = 'session.started'")
        #expect(details == [#"{"session_id":1,"template":"draft"}"#])
        #expect(try await test.store.templateSessions().map(\.row) == [session.row])
    }

    @Test func `goes from phase to phase only from those that come before`() async throws {
        let test = try await TestStore.open()
        try await test.lease(wish())
        let row = try #require(try await test.store.session("alice", for: .alice)).row
        func turn(_ earlier: Set<SessionPhase>, _ phase: SessionPhase) async throws -> Bool {
            try await test.store.turn(row, from: earlier, to: phase, reason: "because", .daemon)
        }
        let before = try test.lastSeq()
        #expect(try await turn([.starting], .running))
        #expect(try await turn([.starting], .running) == false)
        #expect(try await turn([.running], .asleep))
        #expect(try await turn([.asleep], .starting))
        #expect(try await turn([.starting, .running, .asleep], .stopping))
        #expect(try await turn([.running], .asleep) == false)
        #expect(
            try test.events(after: before) == ["session.ready", "session.slept", "session.woken", "session.stopping"])
        #expect(try await test.store.session("alice", for: .alice)?.template?.phase == .stopping)
        try test.expectWholeAudit()
    }

    @Test func `is returned for the same template and values, and for no others`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(wish())
        guard case .existing(let same) = try await test.grant(wish()) else {
            Issue.record("it was not found again")
            return
        }
        #expect(same.id == lease.id)
        let before = try test.everything()
        for other in [
            TemplateStart(template: "draft", variables: ["league": "c"]),
            TemplateStart(template: "other", variables: [:]),
        ] {
            #expect(await code { try await test.grant(wish(other, first: 20_010)) } == .nameConflict)
        }
        #expect(try test.everything() == before)
    }

    @Test func `does not take over one that no template made, nor one that is being stopped`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        #expect(await code { try await test.grant(wish(first: 20_010)) } == .nameConflict)
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        try await test.lease(wish())
        let row = try #require(try await test.store.session("alice", for: .alice)).row
        #expect(try await test.store.turn(row, from: [.starting], to: .stopping, reason: nil, .daemon))
        #expect(await code { try await test.grant(wish()) } == .nameConflict)
    }

    @Test func `ends with its lease, and is told as it ended`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(wish())
        let row = try #require(try await test.store.session("alice", for: .alice)).row
        _ = try await test.store.endSession("alice", .alice)
        #expect(try await test.now(lease).state.isEnded)
        #expect(try await test.store.templateSessions().isEmpty)
        #expect(try await test.store.turn(row, from: [.starting], to: .running, reason: nil, .daemon) == false)
        #expect(try await test.store.session("alice", for: .alice)?.template?.start == Self.draft)
        #expect(try await test.store.templateSessions(rows: [row, 99]).map(\.row) == [row])
        try test.expectWholeAudit()
    }

    @Test func `keeps its lease from everybody but the daemon`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(wish())
        let process = test.processes.start(7)
        let before = try test.everything()
        for who in [ChangeContext.alice, ChangeContext(caller: .administrator)] {
            #expect(await code { try await test.store.release(lease.id, reason: "done", who) } == .leaseInUse)
            #expect(
                await code { try await test.store.attach("one", process: process, port: nil, to: lease.id, who) }
                    == .leaseInUse)
            #expect(await code { try await test.store.detach("one", from: lease.id, who) } == .leaseInUse)
        }
        #expect(await code { try await test.store.release(lease.id, reason: "done", .bob) } == .notFound)
        #expect(try test.everything() == before)
        _ = try await test.store.attach("one", process: process, port: nil, to: lease.id, .daemon)
        // A name that only looks like it is anybody's to release.
        let other = try await test.lease(Wish(session: "bob", name: "template:draft", first: 20_010, context: .bob))
        #expect(try await test.store.release(other.id, reason: "done", .bob) != nil)
        #expect(try await test.store.endSession("alice", .alice).map(\.lease) == [lease.id])
    }

    @Test func `that waits in line comes out of it as it was asked for`() async throws {
        let test = try await TestStore.open()
        let holder = try await test.lease(Wish(session: "bob", count: 100, context: .bob))
        var late = wish(first: 20_000)
        (late.first, late.wait) = (nil, WaitPreference(seconds: 30, isAsync: false))
        guard case .waiting(let ticket, _) = try await test.grant(late) else {
            Issue.record("it did not wait")
            return
        }
        #expect(ticket.request.template == Self.draft)
        _ = try await test.store.release(holder.id, reason: "done", .bob)
        let command = GrantCommand(
            request: ticket.request, context: try await test.store.context(of: ticket),
            proposal: Proposal(block: .of(20_000, 2)), owner: nil, ttlMilliseconds: ticket.ttlMilliseconds,
            supersedes: nil, processes: test.processes, ticket: ticket.id)
        for outcome in await test.store.serve([command]) { _ = try outcome.get() }
        #expect(try await test.store.session("alice", for: .alice)?.template?.start == Self.draft)
        try test.expectWholeAudit()
    }
}

extension LeaseState {
    fileprivate var isEnded: Bool {
        switch self {
        case .active: false
        case .ended: true
        }
    }
}
