import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `What is found on a port` {
    /// A port whose lease was released just now.
    private func released() async throws -> TestStore {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(count: 1))
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        return test
    }

    @Test func `makes one that was never leased a stranger's, until it is unbound`() async throws {
        let test = try await TestStore.open()
        let seq = try test.lastSeq()
        let changed = try await test.store.markBound([20_005, 20_007], reason: "bound", .daemon)
        #expect(changed.map(\.port) == [20_005, 20_007] && changed.allSatisfy { $0.state == .foreign })
        #expect(try await test.store.port(20_005) == changed[0])
        #expect(try await test.store.markBound([20_005], reason: "bound", .daemon) == [])
        #expect(
            try await test.store.recover([20_005, 20_006, 20_007], reason: "unbound", .daemon) == [20_005, 20_007])
        #expect(try await test.ports(.foreign) == [])
        #expect(
            try test.rows("SELECT event, first_port, count, pool, reason FROM audit WHERE seq > \(seq) ORDER BY seq")
                == [
                    "port.foreign|20005|1|default|bound", "port.foreign|20007|1|default|bound",
                    "port.recovered|20005|1|default|unbound", "port.recovered|20007|1|default|unbound",
                ])
    }

    @Test(
        arguments: [
            (0, .quarantined), (59_999, .quarantined), (60_000, .foreign), (900_000, .foreign),
        ] as [(Int64, PortState)])
    func `counts as the last holder's within a minute of its release`(after: Int64, state: PortState) async throws {
        let test = try await released()
        test.clock.advance(milliseconds: after)
        let changed = try await test.store.markBound([20_000], reason: "bound", .daemon)
        #expect(changed.map(\.state) == [state])
        #expect(changed[0].restsUntil?.milliseconds == (state == .quarantined ? 1_002_000 + after : nil))
        #expect(changed[0].lastLease == 1 && changed[0].lastEnd == .released)
    }

    @Test func `becomes a stranger's when the minute is over and it is bound still`() async throws {
        let test = try await released()
        _ = try await test.store.markBound([20_000], reason: "bound", .daemon)
        test.clock.advance(milliseconds: 59_999)
        #expect(try await test.store.markBound([20_000], reason: "bound", .daemon) == [])
        test.clock.advance(milliseconds: 1)
        #expect(try await test.store.markBound([20_000], reason: "bound", .daemon).map(\.state) == [.foreign])
    }

    @Test func `never makes the ports of a lost lease a stranger's`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(ttl: 1_000))
        test.clock.advance(milliseconds: 1_000)
        _ = try await test.store.expire(limit: 9, .daemon)
        test.clock.advance(milliseconds: 900_000)
        #expect(try await test.store.markBound([20_000], reason: "bound", .daemon) == [])
        #expect(try await test.ports(.quarantined) == ["20000-20001"])
    }

    @Test func `changes nothing about a leased port or one of no pool`() async throws {
        let test = try await TestStore.open()
        try await test.lease()
        let before = try test.everything()
        #expect(try await test.store.markBound([20_000, 30_000], reason: "bound", .daemon) == [])
        #expect(try await test.store.recover([20_000, 20_050, 30_000], reason: "unbound", .daemon) == [])
        #expect(try test.everything() == before)
        #expect(try await test.store.port(30_000) == nil)
    }

    @Test func `frees a resting port when its time is over, not before, and runs go in one record`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(count: 3, ttl: 1_000))
        test.clock.advance(milliseconds: 1_000)
        _ = try await test.store.expire(limit: 9, .daemon)
        test.clock.advance(milliseconds: 1_999)
        #expect(try await test.store.recover([20_000, 20_001], reason: "unbound", .daemon) == [])
        test.clock.advance(milliseconds: 1)
        let seq = try test.lastSeq()
        #expect(try await test.store.recover([20_000, 20_001, 20_002], reason: "unbound", .daemon).count == 3)
        #expect(
            try test.rows("SELECT event, first_port, count FROM audit WHERE seq > \(seq)") == ["port.recovered|20000|3"]
        )
        #expect(try test.rows("SELECT state, rest_boot, rest_boot_ms FROM ports WHERE port = 20000") == ["free||"])
    }

    @Test func `recovers touching runs of two pools with a record for each`() async throws {
        let test = try await TestStore.open(pools: [
            .test, Pool(name: "next", ranges: [.of(20_100, 10)]),
        ])
        _ = try await test.store.markBound([20_099, 20_100], reason: "bound", .daemon)
        let seq = try test.lastSeq()
        _ = try await test.store.recover([20_099, 20_100], reason: "unbound", .daemon)
        #expect(
            try test.rows("SELECT first_port, count, pool FROM audit WHERE seq > \(seq) ORDER BY seq")
                == ["20099|1|default", "20100|1|next"])
    }

    @Test func `adds up to the pool's size in its figures`() async throws {
        let test = try await TestStore.open(pools: [.test, Pool(name: "empty", ranges: [.of(30_000, 3)])])
        try await test.lease(Wish(count: 5))
        try await test.lease(Wish(first: 20_010, count: 2, ttl: 1_000))
        test.clock.advance(milliseconds: 1_000)
        _ = try await test.store.expire(limit: 9, .daemon)
        _ = try await test.store.markBound([20_050], reason: "bound", .daemon)
        let figures = try await test.store.figures()
        let pool = try #require(figures[.standard])
        #expect((pool.free, pool.leased, pool.quarantined, pool.foreign) == (92, 5, 2, 1))
        #expect(pool.size == 100 && figures["empty"]?.free == 3)
    }
}
