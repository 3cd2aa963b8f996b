import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Asking for a lease by name` {
    @Test func `returns the active one and renews it`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web"))
        test.clock.advance(milliseconds: 20_000)
        let seq = try test.lastSeq()
        guard case .existing(let again) = try await test.grant(Wish(name: "web", first: 20_050)) else {
            Issue.record("the name made another lease")
            return
        }
        #expect(again.id == lease.id && again.block == lease.block)
        #expect(again.deadline == test.clock.now().boot.advanced(byMilliseconds: 60_000))
        #expect(again.renewedAt == test.clock.now().wall && again.createdAt == lease.createdAt)
        #expect(try await test.now(lease) == again)
        #expect(try test.events(after: seq) == ["lease.renewed"])
        #expect(try await test.ports(.leased) == ["20000-20001"])
    }

    @Test func `needs no room in the pool for one that exists`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web"))
        guard case .existing(let again) = try await test.grant(Wish(name: "web", first: nil)) else {
            Issue.record("the name was not found")
            return
        }
        #expect(again.id == lease.id)
    }

    @Test func `takes a TTL that the request names, and never shortens one that it does not`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", ttl: 60_000))
        _ = try await test.grant(Wish(name: "web", ttl: 5_000, namesTTL: true))
        #expect(try await test.now(lease).deadline?.milliseconds == 1_005_000)
        _ = try await test.grant(Wish(name: "web", ttl: 600_000))
        #expect(try await test.now(lease).deadline?.milliseconds == 1_005_000, "a default is no wish")
        #expect(try await test.now(lease).ttlMilliseconds == 5_000)
    }

    @Test func `refuses another count, pool, port or owner`() async throws {
        let other = Pool(name: "other", ranges: [.of(30_000, 10)])
        let test = try await TestStore.open(pools: [.test, other])
        let (owner, stranger) = (test.processes.start(42), test.processes.start(43))
        let lease = try await test.lease(Wish(name: "web", owner: owner))
        try await test.lease(Wish(name: "free", first: 20_010))
        let (seq, before) = (try test.lastSeq(), try await test.now(lease))
        var exactly = Wish(name: "web", owner: owner)
        exactly.placement = .exactly(20_050)
        for wish in [
            Wish(name: "web", count: 3, owner: owner), Wish(name: "web", first: 30_000, owner: owner, pool: "other"),
            Wish(name: "web", owner: stranger), Wish(name: "free", owner: stranger), exactly,
        ] {
            #expect(await code { try await test.grant(wish) } == .nameConflict, "\(wish)")
        }
        #expect(try test.lastSeq() == seq)
        #expect(try await test.now(lease) == before)
        guard case .existing = try await test.grant(Wish(name: "web", owner: owner)),
            case .existing = try await test.grant(Wish(name: "web"))
        else {
            Issue.record("its own owner, or none, was refused")
            return
        }
    }

    @Test func `is a matter of the session`() async throws {
        let test = try await TestStore.open()
        let first = try await test.lease(Wish(name: "web"))
        let second = try await test.lease(Wish(session: "bob", name: "web", first: 20_010, context: .bob))
        #expect(first.id != second.id)
        // A lease without a name is always a new one.
        #expect(try await test.lease(Wish(first: 20_020)).id != test.lease(Wish(first: 20_030)).id)
    }

    @Test func `finds a dead holder first, and takes its place when asked again`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", ttl: nil, owner: test.processes.start(42)))
        test.processes.end(42)
        let owner = test.processes.start(43)
        let before = try test.everything()
        guard
            case .superseded(let dead) = try await test.grant(Wish(name: "web", first: 20_050, ttl: nil, owner: owner))
        else {
            Issue.record("the dead holder was not found")
            return
        }
        #expect(dead.id == lease.id)
        #expect(try test.everything() == before)

        let seq = try test.lastSeq()
        let wish = Wish(name: "web", ttl: nil, owner: owner, formerLease: lease.id, supersedes: lease.id)
        guard case .granted(let new, let ended) = try await test.grant(wish) else {
            Issue.record("the dead holder's place was not taken")
            return
        }
        #expect(new.block == lease.block && new.id > lease.id)
        #expect(ended?.lease == lease.id && ended?.end == .orphaned && ended?.isQuarantined == true)
        #expect(try await test.now(lease).end == .orphaned)
        #expect(
            try test.events(after: seq) == [
                "owner.exited", "lease.orphaned", "port.quarantined", "session.ended", "session.started",
                "lease.granted",
            ])
        #expect(try await test.ports(.leased) == ["20000-20001"])
        #expect(try await test.ports(.quarantined) == [])
    }

    @Test func `lets the dead holder's ports rest when the new lease lies elsewhere`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", ttl: nil, owner: test.processes.start(42)))
        test.processes.end(42)
        let new = try await test.lease(Wish(name: "web", first: 20_050, supersedes: lease.id))
        #expect(new.block == .of(20_050, 2))
        #expect(try await test.ports(.quarantined) == ["20000-20001"])
    }

    @Test(arguments: [nil, 20_010] as [Int?])
    func `changes nothing about a dead holder when there is no block for the new lease`(first: Int?) async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", ttl: nil, owner: test.processes.start(42)))
        try await test.lease(Wish(session: "bob", first: 20_010, context: .bob))
        test.processes.end(42)
        let before = try test.everything()
        let outcome = try await test.grant(Wish(name: "web", first: first, supersedes: lease.id))
        switch outcome {
        case .noProposal: #expect(first == nil)
        case .staleProposal: #expect(first != nil)
        default: Issue.record("\(outcome)")
        }
        #expect(try test.everything() == before)
    }

    @Test func `finds the holder alive while an agent of it runs`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", ttl: nil, owner: test.processes.start(42)))
        let server = test.processes.start(50)
        _ = try await test.store.attach("one", process: server, port: nil, to: lease.id, .alice)
        test.processes.end(42)
        guard case .existing = try await test.grant(Wish(name: "web", ttl: nil)) else {
            Issue.record("a lease with a live agent was taken for dead")
            return
        }
        // The PID alone is no identity.
        test.processes.start(50)
        guard case .superseded = try await test.grant(Wish(name: "web", ttl: nil)) else {
            Issue.record("a reused PID was taken for the agent")
            return
        }
    }

    @Test func `finds a lease without an owner alive, whatever became of its agents`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web"))
        _ = try await test.store.attach("one", process: test.processes.start(50), port: nil, to: lease.id, .alice)
        test.processes.end(50)
        guard case .existing = try await test.grant(Wish(name: "web")) else {
            Issue.record("a lease that its TTL holds was taken for dead")
            return
        }
    }
}
