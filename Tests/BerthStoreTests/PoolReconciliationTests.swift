import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Pools that change between starts` {
    private func pool(
        _ first: Int, _ count: Int, named name: PoolName = .standard, excluding: Set<Port> = [], quarantine: Double = 2
    ) -> Pool {
        Pool(name: name, ranges: [.of(first, count)], excluded: excluding, quarantineSeconds: quarantine)
    }

    @Test func `are recorded once, when they change`() async throws {
        var test = try await TestStore.open()
        #expect(try test.events() == ["daemon.started", "pool.changed"])
        var seq = try test.lastSeq()
        test = try await test.restarted()
        #expect(try test.events(after: seq) == ["daemon.started"])
        for changed in [
            pool(20_000, 99), pool(20_000, 99, excluding: [20_003]),
            pool(20_000, 99, excluding: [20_003], quarantine: 3),
            Pool(
                name: .standard, ranges: [.of(20_000, 99)], excluded: [20_003], maxBlock: 9, quarantineSeconds: 3),
            Pool(
                name: .standard, ranges: [.of(20_000, 99)], excluded: [20_003], maxBlock: 9, defaultTTLSeconds: 60,
                quarantineSeconds: 3),
            Pool(
                name: .standard, ranges: [.of(20_000, 99)], excluded: [20_003], maxBlock: 9, defaultTTLSeconds: 60,
                quarantineSeconds: 3, queue: .bestEffort),
        ] {
            seq = try test.lastSeq()
            test = try await test.restarted(pools: [changed])
            #expect(try test.events(after: seq) == ["daemon.started", "pool.changed"])
        }
        #expect(
            try test.rows("SELECT * FROM pools") == ["default|20000-20098|20003|9|60|3000|20000|best-effort"])
        try test.expectWholeAudit()
    }

    @Test func `bring new ports in free, and take unleased ones away`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        _ = try await test.store.markBound([20_000, 20_005], reason: "bound", .daemon)
        test = try await test.restarted(pools: [pool(20_004, 10, excluding: [20_007])])
        #expect(try await test.ports(.free) == ["20004", "20006", "20008-20013"])
        #expect(try await test.ports(.foreign) == ["20005"], "a port that stays keeps its state")
        #expect(try await test.store.port(20_000) == nil)
    }

    @Test func `leave a leased port to its lease, grant it to nobody, and drop it with the lease`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        let lease = try await test.lease(Wish(first: 20_008, count: 2, ttl: nil, isPinned: true))
        test = try await test.restarted(pools: [pool(20_000, 9)])
        #expect(try await test.now(lease).isActive)
        let left = try #require(try await test.store.port(20_009))
        #expect(left.state == .leased && left.lease == lease.id && left.pool == nil)
        #expect(try await test.store.figures()[.standard]?.size == 9)
        #expect(try await test.store.allPorts().count == 9)
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        #expect(try await test.store.port(20_009) == nil)
        #expect(try await test.store.port(20_008)?.state == .free)
        guard case .staleProposal = try await test.grant(Wish(first: 20_008, count: 2)) else {
            Issue.record("a port of no pool was granted")
            return
        }
    }

    @Test func `drop a port of no pool when its lease is lost, too`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        try await test.lease(Wish(first: 20_008, count: 2, ttl: 600_000))
        test = try await test.restarted(pools: [pool(20_000, 9)])
        test.clock.advance(milliseconds: 600_000)
        #expect(try await test.store.expire(limit: 9, .daemon).count == 1)
        #expect(try await test.ports(.quarantined) == ["20008"])
        #expect(try await test.store.port(20_009) == nil)
    }

    @Test func `take a leased port back that had left`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        let lease = try await test.lease(Wish(first: 20_008, ttl: nil, isPinned: true))
        test = try await test.restarted(pools: [pool(20_000, 5)])
        test = try await test.restarted(pools: [pool(20_000, 10)])
        #expect(try await test.store.port(20_009)?.pool == .standard)
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        #expect(try await test.ports(.free) == ["20000-20009"])
    }

    @Test func `may go altogether, while their leases live on`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10), pool(30_000, 10, named: "other")])
        let lease = try await test.lease(Wish(first: 30_000, ttl: nil, isPinned: true, pool: "other"))
        let seq = try test.lastSeq()
        test = try await test.restarted(pools: [pool(20_000, 10)])
        #expect(try test.rows("SELECT name FROM pools") == ["default"])
        #expect(
            try test.rows("SELECT event, pool, reason FROM audit WHERE seq > \(seq + 1)")
                == ["pool.changed|other|no longer configured"])
        #expect(try await test.now(lease).pool == "other")
        #expect(
            try test.rows("SELECT port, pool, state FROM ports WHERE port >= 30000") == [
                "30000||leased", "30001||leased",
            ])
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        #expect(try test.rows("SELECT count(*) FROM ports WHERE port >= 30000") == ["0"])
    }

    @Test func `may hand a port from one to another`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        let lease = try await test.lease(Wish(first: 20_004, ttl: nil, isPinned: true))
        test = try await test.restarted(pools: [pool(20_000, 5), pool(20_005, 5, named: "other")])
        #expect(try await test.store.port(20_005)?.pool == "other")
        #expect(try await test.store.figures().mapValues(\.leased) == [.standard: 1, "other": 1])
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        #expect(try await test.store.figures().mapValues(\.free) == [.standard: 5, "other": 5])
    }

    @Test func `keep the cursor of next fit`() async throws {
        var test = try await TestStore.open(pools: [pool(20_000, 10)])
        try await test.lease(Wish(nextPort: 20_002))
        test = try await test.restarted(pools: [pool(20_000, 20), pool(30_000, 5, named: "other")])
        #expect(try await test.store.nextPorts() == [.standard: 20_002, "other": 30_000])
    }
}
