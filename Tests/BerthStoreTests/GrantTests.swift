import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Granting a block` {
    @Test func `writes the lease, its ports, its session and its agents in one piece`() async throws {
        let test = try await TestStore.open()
        let seq = try test.lastSeq()
        let owner = test.processes.start(42)
        var wish = Wish(name: "web", first: 20_010, count: 3, ttl: 60_000, owner: owner, agents: ["one", "two"])
        wish.labels = ["repo": "draft", "a": "\"ü\""]
        let lease = try await test.lease(wish)

        #expect(lease.block == .of(20_010, 3))
        #expect(lease.owner == owner)
        #expect(lease.agents.map(\.name) == ["one", "two"] && lease.agents.map(\.port) == [20_010, 20_011])
        #expect(lease.labels == wish.labels)
        #expect(lease.deadline?.milliseconds == 1_060_000)
        #expect(lease.expiresAt == test.clock.now().wall.advanced(byMilliseconds: 60_000))
        #expect(try await test.now(lease) == lease)
        #expect(try await test.ports(.leased) == ["20010-20012"])
        let session = try #require(try await test.store.session("alice", for: .alice))
        #expect(session.leases == 1 && session.ports == 3 && session.endedAt == nil)
        #expect(try test.events(after: seq) == ["session.started", "lease.granted"])
        #expect(
            try test.rows(
                """
                SELECT lease_id, session, pool, first_port, count, principal, request_id
                FROM audit ORDER BY seq DESC LIMIT 1
                """
            ) == ["1|alice|default|20010|3|uid:1000|request-1"])
    }

    @Test func `gives ids that only grow, across a restart and over refused grants`() async throws {
        var test = try await TestStore.open()
        let first = try await test.lease()
        _ = try await test.store.release(first.id, reason: "done", .alice)
        test = try await test.restarted()
        let second = try await test.lease()
        #expect(second.id > first.id)
    }

    @Test func `refuses a proposal that the rows do not agree with, and leaves no trace of it`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(session: "bob", first: 20_001, count: 1, context: .bob))
        let (seq, before) = (try test.lastSeq(), try test.everything())
        for (first, count) in [(20_000, 2), (20_001, 1), (20_098, 4), (30_000, 2), (19_999, 2)] {
            let outcome = try await test.grant(Wish(first: first, count: count))
            guard case .staleProposal = outcome else {
                Issue.record("\(first)+\(count): \(outcome)")
                continue
            }
        }
        #expect(try test.lastSeq() == seq)
        #expect(try test.everything() == before)
        #expect(try await test.lease(Wish(first: 20_010)).id == 2)
    }

    @Test(arguments: ["quarantined", "foreign"])
    func `never takes a port that rests or is a stranger's`(state: String) async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(count: 1))
        if state == "quarantined" {
            test.clock.advance(milliseconds: 60_000)
            #expect(try await test.store.expire(limit: 10, .daemon).count == 1)
        } else {
            _ = try await test.store.release(lease.id, reason: "done", .alice)
            test.clock.advance(milliseconds: 60_000)
            _ = try await test.store.markBound([20_000], reason: "bound", .daemon)
        }
        #expect(try await test.store.port(20_000)?.state.rawValue == state)
        guard case .staleProposal = try await test.grant(Wish(first: 20_000)) else {
            Issue.record("the port was granted")
            return
        }
    }

    @Test func `gives a resting block back to the lease that had it, and to no other`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        test.clock.advance(milliseconds: 60_000)
        _ = try await test.store.expire(limit: 10, .daemon)
        guard case .staleProposal = try await test.grant(Wish(formerLease: 99)) else {
            Issue.record("another lease's block was granted")
            return
        }
        let again = try await test.lease(Wish(formerLease: lease.id))
        #expect(again.block == lease.block && again.id > lease.id)
        #expect(try test.rows("SELECT rest_boot, rest_boot_ms FROM ports WHERE port = 20000") == ["|"])
    }

    @Test func `moves the pool's cursor when next fit chose the block, and only then`() async throws {
        var test = try await TestStore.open()
        #expect(try await test.store.nextPorts() == [.standard: 20_000])
        try await test.lease(Wish(first: 20_000, nextPort: 20_002))
        #expect(try await test.store.nextPorts() == [.standard: 20_002])
        try await test.lease(Wish(first: 20_050))
        #expect(try await test.store.nextPorts() == [.standard: 20_002])
        _ = try await test.grant(Wish(first: 20_050, nextPort: 20_052))
        #expect(try await test.store.nextPorts() == [.standard: 20_002], "a stale proposal moved it")
        test = try await test.restarted()
        #expect(try await test.store.nextPorts() == [.standard: 20_002])
    }

    @Test func `says when only a block is missing`() async throws {
        let test = try await TestStore.open()
        let before = try test.everything()
        guard case .noProposal = try await test.grant(Wish(first: nil)) else {
            Issue.record("a grant without a block came to something else")
            return
        }
        #expect(try test.everything() == before)
    }

    @Test func `remembers which blocks a holder had, the earliest first`() async throws {
        let test = try await TestStore.open()
        for first in [20_040, 20_010, 20_040, 20_020] {
            let lease = try await test.lease(Wish(name: "web", first: first))
            _ = try await test.store.release(lease.id, reason: "done", .alice)
        }
        let held = try await test.store.heldBlocks(Wish(name: "web").request, principal: .user(1000))
        #expect(held.map(\.block) == [.of(20_040, 2), .of(20_010, 2), .of(20_020, 2)])
        #expect(held.map(\.lastLease) == [3, 2, 4])
        for other in [Wish(), Wish(session: "bob", name: "web"), Wish(name: "db"), Wish(name: "web", count: 3)] {
            #expect(try await test.store.heldBlocks(other.request, principal: .user(1000)).isEmpty)
        }
        #expect(try await test.store.heldBlocks(Wish(name: "web").request, principal: .user(1001)).isEmpty)
    }
}

extension TestStore {
    /// Every row of every table but the migrations', for comparisons.
    func everything() throws -> [String] {
        try [
            "boots", "pools", "host", "sessions", "leases", "agents", "ports", "held_blocks", "audit",
            "tickets", "tokens", "idempotency_keys",
        ]
        .flatMap { table in try rows("SELECT * FROM \(table)").map { "\(table): \($0)" } }
    }
}
