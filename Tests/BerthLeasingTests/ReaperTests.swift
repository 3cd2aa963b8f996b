import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `The reaper` {
    /// Sweeps as the daemon does, twice a second, for as long as the clock says.
    private func live(_ host: TestManager, milliseconds: Int64) async {
        for _ in 0..<(milliseconds / 500) {
            host.clock.advance(milliseconds: 500)
            await host.reaper.sweep()
        }
    }

    @Test func `ends a lease when its TTL is over and not before`() async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(5) }
        await live(host, milliseconds: 4500)
        #expect(try await host.end(of: lease) == nil)
        await live(host, milliseconds: 500)
        #expect(try await host.end(of: lease) == .expired)
    }

    @Test(arguments: [-315_360_000_000, 315_360_000_000] as [Int64])
    func `does not care for steps of the wall clock`(step: Int64) async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(5) }
        host.clock.stepWall(milliseconds: step)
        await live(host, milliseconds: 4500)
        #expect(try await host.end(of: lease) == nil)
        await live(host, milliseconds: 500)
        #expect(try await host.end(of: lease) == .expired)
    }

    @Test func `gives holders a chance to renew after the host slept`() async throws {
        let host = try await TestManager.start()
        let short = try await host.lease("a", 2) { $0.ttl = .seconds(5) }
        let long = try await host.lease("b", 2) { $0.ttl = .seconds(600) }
        await host.reaper.sweep()
        host.clock.sleep(milliseconds: 3_600_000)
        await host.reaper.sweep()
        #expect(try await host.end(of: short) == nil)
        await live(host, milliseconds: 4500)
        #expect(try await host.end(of: short) == nil)
        await live(host, milliseconds: 500)
        #expect(try await host.end(of: short) == .expired)
        await live(host, milliseconds: 24_000)
        #expect(try await host.end(of: long) == nil)
        await live(host, milliseconds: 1000)
        #expect(try await host.end(of: long) == .expired)
    }

    @Test func `gives holders a chance to renew after a time without a daemon`() async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(5) }
        host.clock.advance(milliseconds: 60_000)
        let again = try await host.restarted()
        await live(again, milliseconds: 4500)
        #expect(try await again.end(of: lease) == nil)
        await live(again, milliseconds: 500)
        #expect(try await again.end(of: lease) == .expired)
    }

    @Test func `lets an expired lease's ports rest until nothing is bound`() async throws {
        let host = try await TestManager.start(size: 2)
        try await host.lease("a", 2) { $0.ttl = .seconds(1) }
        host.probe.bind(20_001)
        await live(host, milliseconds: 1000)
        #expect(try await host.state(of: 20_001) == .quarantined)
        await live(host, milliseconds: 10_000)
        #expect(try await host.state(of: 20_000) == .free)
        #expect(try await host.state(of: 20_001) == .quarantined)
        host.probe.unbind(20_001)
        await live(host, milliseconds: 5000)
        #expect(try await host.state(of: 20_001) == .free)
    }

    @Test func `keeps a resting port from others and gives it to its own holder at once`() async throws {
        let host = try await TestManager.start(size: 2)
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(1) }
        await live(host, milliseconds: 1000)
        #expect(await refusal { try await host.lease("b", 2) }?.code == .poolExhausted)
        #expect(try await host.lease("a", 2).block == lease.block)
    }

    @Test func `lets ports rest across a restart`() async throws {
        let host = try await TestManager.start(size: 2)
        try await host.lease("a", 2) { $0.ttl = .seconds(1) }
        await live(host, milliseconds: 1000)
        let again = try await host.restarted()
        #expect(await refusal { try await again.lease("b", 2) }?.code == .poolExhausted)
        await live(again, milliseconds: 2500)
        #expect(try await again.lease("b", 2).block == .of(20_000, 2))
    }
}
