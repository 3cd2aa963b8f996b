import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `A TTL` {
    /// Lets the daemon live for so long, sweeping twice a second.
    private func live(_ host: TestManager, seconds: Int64) async {
        for _ in 0..<(seconds * 2) {
            host.clock.advance(milliseconds: 500)
            await host.reaper.sweep()
        }
    }

    /// Each restart comes a second after the last one, with a step of the wall clock in between.
    @Test func `holds to the second through a thousand restarts and steps of the wall clock`() async throws {
        var host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(1010) }
        let tenYears: Int64 = 315_360_000_000
        for restart in 0..<1000 {
            host.clock.advance(milliseconds: 1000)
            host.clock.stepWall(milliseconds: restart.isMultiple(of: 2) ? tenYears : -tenYears)
            host = try await host.restarted()
            if restart.isMultiple(of: 100) { await host.reaper.sweep() }
        }
        #expect(try await host.end(of: lease) == nil)
        await live(host, seconds: 9)
        #expect(try await host.end(of: lease) == nil)
        await live(host, seconds: 1)
        #expect(try await host.end(of: lease) == .expired)
    }

    /// What is left after a reboot goes by the wall clock, within [0, TTL]; nothing left is min(TTL, 30 s).
    @Test(
        arguments: [
            (down: 60_000, left: 540), (down: -315_360_000_000, left: 600), (down: 700_000, left: 30),
            (down: 315_360_000_000, left: 30),
        ] as [(down: Int64, left: Int64)])
    func `keeps what was left of it over a reboot`(down: Int64, left: Int64) async throws {
        let host = try await TestManager.start()
        host.processes.start(40)
        let timed = try await host.lease("a", 2) { $0.ttl = .seconds(600) }
        let held = try await host.lease("b", 2) { ($0.owner, $0.ttl) = (.pid(40), .seconds(600)) }
        host.clock.reboot(as: BootID("boot-2"), down: down)
        let again = try await host.restarted()
        #expect(try await again.end(of: held) == .orphaned)
        await live(again, seconds: left - 1)
        #expect(try await again.end(of: timed) == nil)
        await live(again, seconds: 1)
        #expect(try await again.end(of: timed) == .expired)
    }

    @Test func `that passed in an hour of sleep leaves its holder half a minute`() async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(60) }
        await live(host, seconds: 1)
        host.clock.sleep(milliseconds: 3_600_000)
        await host.reaper.sweep()
        await live(host, seconds: 29)
        #expect(try await host.end(of: lease) == nil)
        await live(host, seconds: 1)
        #expect(try await host.end(of: lease) == .expired)
    }

    /// Somebody asks for a sweep before the reaper's own tick has noticed that the host slept.
    @Test func `that passed in an hour of sleep is not over for a sweep on demand either`() async throws {
        let host = try await TestManager.start()
        let lease = try await host.lease("a", 2) { $0.ttl = .seconds(60) }
        let early = try await host.lease("b", 2) { $0.ttl = .seconds(1) }
        host.clock.advance(milliseconds: 1000)
        await host.reaper.sweep()
        #expect(try await host.end(of: early) == .expired)
        host.clock.sleep(milliseconds: 3_600_000)
        #expect(try await host.manager.reap(dryRun: true).allSatisfy { $0.action != .expire })
        #expect(try await host.manager.reap(dryRun: false).allSatisfy { $0.action != .expire })
        #expect(try await host.end(of: lease) == nil)
        await live(host, seconds: 29)
        #expect(try await host.end(of: lease) == nil)
        await live(host, seconds: 1)
        #expect(try await host.end(of: lease) == .expired)
    }
}
