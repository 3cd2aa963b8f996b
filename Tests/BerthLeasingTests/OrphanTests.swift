import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import GRDB
import Testing

@Suite struct `A lease with processes` {
    /// Tells the deaths that the kernel saw, and lets the reaper work on them.
    private func notice(_ host: TestManager) async throws {
        try await host.manager.record(host.watch.takeDeaths().map { Death($0, .event) })
    }

    private func attach(_ name: AgentName, _ pid: Int32, to lease: Lease, _ host: TestManager) async throws -> Lease {
        try await host.manager.attach(name, .pid(pid), port: nil, to: lease.id, ChangeContext(caller: .alice))
    }

    private func held(_ host: TestManager, owner: Int32 = 40) async throws -> Lease {
        if host.processes.identify(owner) == nil { host.processes.start(owner) }
        return try await host.lease("a", 2) { $0.owner = .pid(owner) }
    }

    @Test func `is orphaned when its owner ends, and its ports come back after their rest`() async throws {
        let host = try await TestManager.start(size: 2)
        let lease = try await held(host)
        #expect(host.watch.watched == [try #require(lease.owner)])
        host.processes.end(40)
        try await notice(host)
        #expect(try await host.end(of: lease) == .orphaned)
        #expect(try await host.state(of: 20_000) == .quarantined)
        host.clock.advance(milliseconds: 1999)
        await host.reaper.sweep()
        #expect(try await host.state(of: 20_000) == .quarantined)
        host.clock.advance(milliseconds: 1)
        await host.reaper.sweep()
        #expect(try await host.state(of: 20_000) == .free)
    }

    @Test func `outlives its owner while an agent lives, across a restart too`() async throws {
        let host = try await TestManager.start()
        let lease = try await held(host)
        host.processes.start(50)
        _ = try await attach("server", 50, to: lease, host)
        host.processes.end(40)
        try await notice(host)
        #expect(try await host.end(of: lease) == nil)
        let again = try await host.restarted()
        #expect(again.watch.watched.map(\.pid) == [50])
        await again.reaper.sweep()
        #expect(try await again.end(of: lease) == nil)
        again.processes.end(50)
        try await notice(again)
        #expect(try await again.end(of: lease) == .orphaned)
    }

    @Test func `is orphaned at the next start when its owner ended in between`() async throws {
        let host = try await TestManager.start()
        let lease = try await held(host)
        host.processes.end(40)
        // Another process has its PID by then.
        host.processes.start(40)
        let again = try await host.restarted()
        await again.reaper.sweep()
        #expect(try await again.end(of: lease) == .orphaned)
    }

    @Test func `is orphaned by a look when no event tells`() async throws {
        let host = try await TestManager.start()
        host.watch.limit(to: 0)
        let lease = try await held(host)
        #expect(host.watch.watched.isEmpty)
        host.processes.end(40)
        await host.reaper.sweep()
        #expect(try await host.end(of: lease) == .orphaned)
    }

    /// An event that got lost: the safety net finds the dead one within its rounds.
    @Test func `is orphaned by the safety net though its event got lost`() async throws {
        let host = try await TestManager.start(size: 100)
        for pid in Int32(100)..<120 {
            host.processes.start(pid)
            try await host.lease(#require(SessionName(rawValue: "s\(pid)")), 1) { $0.owner = .pid(pid) }
        }
        let lease = try await held(host)
        host.processes.end(40)
        _ = host.watch.takeDeaths()
        for _ in 0..<6 { await host.reaper.sweep() }
        #expect(try await host.end(of: lease) == .orphaned)
        #expect(try await host.manager.leases(LeaseFilter(), for: .administrator).count == 20)
    }

    @Test func `whose owner ends before its watch begins is orphaned all the same`() async throws {
        let host = try await TestManager.start()
        host.watch.willWatch { host.processes.end(40) }
        let lease = try await held(host)
        #expect(host.watch.takeDeaths().isEmpty)
        await host.reaper.sweep()
        #expect(try await host.end(of: lease) == .orphaned)
    }

    @Test func `lets go of its processes when it ends`() async throws {
        let host = try await TestManager.start()
        let lease = try await held(host)
        let other = try await host.lease("b", 1) { $0.owner = .pid(40) }
        host.processes.start(50)
        _ = try await attach("server", 50, to: lease, host)
        #expect(host.watch.watched.count == 2)
        try await host.release(lease)
        #expect(host.watch.watched.map(\.pid) == [40])
        try await host.release(other)
        #expect(host.watch.watched.isEmpty)
    }

    @Test func `is recorded again after the disk could not be written`() async throws {
        let host = try await TestManager.start()
        let lease = try await held(host)
        host.processes.end(40)
        try await host.store.file.writer.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA query_only = ON")
        }
        await #expect(throws: BerthError.self) { try await notice(host) }
        #expect(try await host.end(of: lease) == nil)
        try await host.store.file.writer.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA query_only = OFF")
        }
        await host.reaper.sweep()
        #expect(try await host.end(of: lease) == .orphaned)
    }

    @Test func `keeps a bound port away until the server on it is gone`() async throws {
        let host = try await TestManager.start(size: 2)
        let lease = try await held(host)
        host.probe.bind(20_001, pid: 77, command: "python3")
        host.processes.end(40)
        try await notice(host)
        for _ in 0..<60 {
            host.clock.advance(milliseconds: 500)
            await host.reaper.sweep()
        }
        let report = try await host.manager.report(20_001, for: .administrator)
        #expect(report.state == .quarantined && report.listeners.map(\.pid) == [77])
        #expect(report.lastLease?.id == lease.id && report.reason?.contains("owner PID 40") == true)
        #expect(try await host.state(of: 20_000) == .free)
        #expect(await refusal { try await host.lease("b", 2) }?.code == .poolExhausted)
        host.probe.unbind(20_001)
        #expect(try await host.lease("b", 2).block == .of(20_000, 2))
    }

    @Test func `gives its block to the same name at once when its owner's death was not noticed yet`() async throws {
        let host = try await TestManager.start()
        host.processes.start(40)
        let lease = try await host.lease("a", 2) { ($0.owner, $0.name) = (.pid(40), "web") }
        host.processes.end(40)
        host.processes.start(41)
        let next = try await host.lease("a", 2) { ($0.owner, $0.name) = (.pid(41), "web") }
        #expect(next.id != lease.id && next.block == lease.block)
        #expect(try await host.end(of: lease) == .orphaned)
        // The late event finds nothing to do.
        try await notice(host)
        #expect(try await host.end(of: next) == nil)
        #expect(host.watch.watched.map(\.pid) == [41])
    }

    /// Its own block is proposed again while it rests, found bound, and must not get lost from memory by that.
    @Test func `finds its bound ports again after it asked for them too early`() async throws {
        let host = try await TestManager.start(size: 4)
        let lease = try await held(host)
        host.processes.end(40)
        try await notice(host)
        host.probe.bind(20_001)
        #expect(try await host.lease("a", 2).block == .of(20_002, 2))
        host.probe.unbind(20_001)
        host.clock.advance(milliseconds: 5000)
        await host.reaper.sweep()
        #expect(try await host.lease("b", 2).block == lease.block)
    }
}
