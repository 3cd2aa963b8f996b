import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `The life of a lease` {
    @Test func `is longer by a renewal, and shorter only when the renewal says so`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 60_000))
        test.clock.advance(milliseconds: 10_000)
        let longer = try await test.store.renew(lease.id, ttlMilliseconds: 300_000, .alice).lease
        #expect(longer.deadline?.milliseconds == 1_310_000 && longer.ttlMilliseconds == 300_000)
        let same = try await test.store.renew(lease.id, ttlMilliseconds: nil, .alice).lease
        #expect(same.deadline?.milliseconds == 1_310_000)
        let shorter = try await test.store.renew(lease.id, ttlMilliseconds: 1_000, .alice).lease
        #expect(shorter.deadline?.milliseconds == 1_011_000)
        #expect(shorter.expiresAt == test.clock.now().wall.advanced(byMilliseconds: 1_000))
        #expect(try await test.now(lease) == shorter)
    }

    @Test func `without an expiry gets one by a renewal that names it, unless it is pinned`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: nil, owner: test.processes.start(42)))
        #expect(try await test.store.renew(lease.id, ttlMilliseconds: nil, .alice).lease.state == .active(.never))
        let renewed = try await test.store.renew(lease.id, ttlMilliseconds: 5_000, .alice).lease
        #expect(renewed.deadline?.milliseconds == 1_005_000)

        let pinned = try await test.lease(Wish(name: "pinned", first: 20_010, ttl: nil, isPinned: true))
        #expect(pinned.isPinned && pinned.state == .active(.never))
        #expect(await code { try await test.store.renew(pinned.id, ttlMilliseconds: 5_000, .alice) } == .invalidField)
        #expect(try await test.store.renew(pinned.id, ttlMilliseconds: nil, .alice).lease.state == .active(.never))
        #expect(try await test.now(pinned).isActive)
    }

    @Test func `is a matter of its principal and of administrators`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        let before = try test.everything()
        let process = test.processes.start(9)
        #expect(await code { try await test.store.renew(lease.id, ttlMilliseconds: 1, .bob) } == .notFound)
        #expect(await code { try await test.store.release(lease.id, reason: "x", .bob) } == .notFound)
        #expect(await code { try await test.store.release(99, reason: "x", .alice) } == .notFound)
        #expect(
            await code { try await test.store.attach("a", process: process, port: nil, to: lease.id, .bob) }
                == .notFound)
        #expect(await code { try await test.store.detach("a", from: lease.id, .bob) } == .notFound)
        #expect(try await test.store.lease(lease.id, for: .bob) == nil)
        #expect(try test.everything() == before)
        let administrator = ChangeContext(caller: .administrator)
        #expect(try await test.store.release(lease.id, reason: "x", administrator)?.lease == lease.id)
    }

    @Test func `ends with a release, which frees its ports at once and happens once`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        test.clock.advance(milliseconds: 5)
        let seq = try test.lastSeq()
        let ended = try #require(try await test.store.release(lease.id, reason: "done with it", .alice))
        #expect(ended.block == lease.block && ended.end == .released && !ended.isQuarantined)
        #expect(
            try await test.now(lease).state
                == .ended(.released, at: test.clock.now().wall, reason: "done with it", expiry: lease.expiresAt))
        #expect(try await test.ports(.leased) == [])
        let port = try #require(try await test.store.port(20_000))
        #expect(port.state == .free && port.lastLease == lease.id && port.endedAt == test.clock.now().wall)
        #expect(try test.events(after: seq) == ["lease.released", "session.ended"])

        let before = try test.everything()
        #expect(try await test.store.release(lease.id, reason: "again", .alice) == nil)
        #expect(try test.everything() == before)
        #expect(await code { try await test.store.renew(lease.id, ttlMilliseconds: 1, .alice) } == .leaseEnded)
        let process = test.processes.start(9)
        #expect(
            await code { try await test.store.attach("a", process: process, port: nil, to: lease.id, .alice) }
                == .leaseEnded)
        #expect(await code { try await test.store.detach("a", from: lease.id, .alice) } == .leaseEnded)
    }

    @Test func `ends at its deadline, not a millisecond before, and its ports rest`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 60_000))
        test.clock.advance(milliseconds: 59_999)
        #expect(try await test.store.expire(limit: 10, .daemon) == [])
        test.clock.advance(milliseconds: 1)
        let ended = try await test.store.expire(limit: 10, .daemon)
        #expect(ended.map(\.lease) == [lease.id] && ended[0].end == .expired && ended[0].isQuarantined)
        #expect(try await test.ports(.quarantined) == ["20000-20001"])
        #expect(try await test.store.port(20_000)?.restsUntil?.milliseconds == 1_062_000)
        #expect(try await test.store.expire(limit: 10, .daemon) == [])
    }

    @Test(arguments: [-86_400_000, 86_400_000] as [Int64])
    func `does not follow the wall clock`(step: Int64) async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 60_000))
        test.clock.stepWall(milliseconds: step)
        test.clock.advance(milliseconds: 59_999)
        #expect(try await test.store.expire(limit: 10, .daemon) == [])
        #expect(try await test.now(lease).isActive)
        test.clock.advance(milliseconds: 1)
        #expect(try await test.store.expire(limit: 10, .daemon).count == 1)
    }

    @Test func `expires earliest first, so many at a time`() async throws {
        let test = try await TestStore.open()
        for (number, ttl) in [50_000, 10_000, 30_000, 20_000, 40_000].enumerated() {
            try await test.lease(Wish(first: 20_000 + 10 * number, ttl: Int64(ttl)))
        }
        #expect(try await test.store.earliestDeadline()?.milliseconds == 1_010_000)
        test.clock.advance(milliseconds: 40_000)
        #expect(try await test.store.expire(limit: 3, .daemon).map(\.lease) == [2, 4, 3])
        #expect(try await test.store.expire(limit: 3, .daemon).map(\.lease) == [5])
        #expect(try await test.store.earliestDeadline()?.milliseconds == 1_050_000)
        test.clock.advance(milliseconds: 10_000)
        _ = try await test.store.expire(limit: 3, .daemon)
        #expect(try await test.store.earliestDeadline() == nil)
    }

    @Test func `is forgiven a gap in which nobody could renew, and no time before it`() async throws {
        let test = try await TestStore.open()
        let before = try await test.lease(Wish(first: 20_000, ttl: 5_000))
        let short = try await test.lease(Wish(first: 20_010, ttl: 15_000))
        let long = try await test.lease(Wish(first: 20_020, ttl: 60_000))
        let after = try await test.lease(Wish(first: 20_030, ttl: 600_000))
        test.clock.advance(milliseconds: 10_000)
        let start = test.clock.now().boot
        test.clock.sleep(milliseconds: 100_000)
        try await test.store.forgiveGap(since: start, .daemon)
        #expect(try await test.now(before).deadline?.milliseconds == 1_005_000)
        #expect(try await test.now(short).deadline?.milliseconds == 1_125_000)
        #expect(try await test.now(long).deadline?.milliseconds == 1_140_000, "the grace is 30 s at most")
        #expect(try await test.now(after).deadline?.milliseconds == 1_600_000)
        #expect(try await test.now(short).expiresAt == test.clock.now().wall.advanced(byMilliseconds: 15_000))
        #expect(try await test.store.expire(limit: 9, .daemon).map(\.lease) == [before.id])
    }

    @Test func `is found by every filter, in ascending order`() async throws {
        let other = Pool(name: "other", ranges: [.of(30_000, 10)])
        let test = try await TestStore.open(pools: [.test, other])
        let first = try await test.lease(Wish(first: 20_000, count: 4))
        try await test.lease(Wish(session: "bob", first: 20_010, context: .bob))
        try await test.lease(Wish(first: 30_000, pool: "other"))
        _ = try await test.store.release(first.id, reason: "done", .alice)
        try await test.lease(Wish(first: 20_002, count: 3))
        func ids(_ change: (inout LeaseFilter) -> Void) async throws -> [LeaseID] {
            var filter = LeaseFilter()
            change(&filter)
            return try await test.store.leases(filter).map(\.id)
        }
        #expect(try await ids { _ in } == [2, 3, 4])
        #expect(try await ids { $0.state = .all } == [1, 2, 3, 4])
        #expect(try await ids { $0.state = .ended } == [1])
        #expect(try await ids { $0.session = "alice" } == [3, 4])
        #expect(try await ids { $0.pool = "other" } == [3])
        #expect(try await ids { $0.principal = .user(1001) } == [2])
        #expect(try await ids { ($0.port, $0.state) = (20_003, .all) } == [1, 4])
        #expect(try await ids { ($0.port, $0.state) = (20_004, .all) } == [4])
        #expect(try await ids { ($0.port, $0.state) = (20_005, .all) } == [])
        #expect(try await ids { ($0.after, $0.limit) = (2, 1) } == [3])
    }
}
