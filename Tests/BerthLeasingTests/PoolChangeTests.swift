import BerthCore
import BerthLeasing
import BerthTestSupport
import Testing

@Suite struct `A port that another pool has since a restart` {
    private static func pool(_ name: PoolName, _ first: Int, _ count: Int) -> Pool {
        Pool(name: name, ranges: [.of(first, count)])
    }

    /// A lease from the pool `other`, whose ports `default` has after a restart; `other` may be gone or lie elsewhere.
    private func moved(to pools: [Pool]) async throws -> (host: TestManager, lease: Lease) {
        let host = try await TestManager.start(pools: [Self.pool(.standard, 20_000, 4), Self.pool("other", 20_004, 4)])
        host.processes.start(40)
        let lease = try await host.lease("a", 4) { ($0.pool, $0.owner) = ("other", .pid(40)) }
        return (try await host.restarted(pools: pools), lease)
    }

    @Test(arguments: [[pool(.standard, 20_000, 8)], [pool(.standard, 20_000, 8), pool("other", 30_000, 2)]])
    func `is that pool's to grant when its lease is released`(pools: [Pool]) async throws {
        let (host, lease) = try await moved(to: pools)
        try await host.release(lease)
        #expect(host.manager.ports.room(in: .standard).largestFreeBlock == 8)
        #expect(try await host.lease("b", 8).block == .of(20_000, 8))
    }

    @Test(arguments: [[pool(.standard, 20_000, 8)], [pool(.standard, 20_000, 8), pool("other", 30_000, 2)]])
    func `rests for that pool's time when its lease is orphaned`(pools: [Pool]) async throws {
        let (host, _) = try await moved(to: pools)
        host.processes.end(40)
        try await host.manager.record(host.watch.takeDeaths().map { Death($0, .event) })
        #expect(try await host.state(of: 20_004) == .quarantined)
        #expect(host.manager.ports.room(in: .standard).free == 4)
        host.clock.advance(milliseconds: 1999)
        await host.reaper.sweep()
        #expect(host.manager.ports.room(in: .standard).free == 4)
        host.clock.advance(milliseconds: 1)
        await host.reaper.sweep()
        #expect(host.manager.ports.room(in: .standard).free == 8)
    }

    @Test func `is not offered to the lease's own holder, who comes back after the processes have ended`() async throws
    {
        let host = try await TestManager.start(pools: [Self.pool(.standard, 20_000, 8)])
        host.processes.start(40)
        let lease = try await host.lease("a", 4) { ($0.name, $0.owner) = ("web", .pid(40)) }
        #expect(lease.block == .of(20_000, 4))
        let again = try await host.restarted(pools: [Self.pool(.standard, 20_002, 6), Self.pool("other", 20_000, 2)])
        host.processes.start(40)
        let next = try await again.lease("a", 4) { ($0.name, $0.owner) = ("web", .pid(40)) }
        #expect(next.block == .of(20_004, 4))
        #expect(try await again.end(of: lease) == .orphaned)
    }
}
