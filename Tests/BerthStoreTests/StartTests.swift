import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `Starting on an existing database` {
    @Test func `keeps a deadline within the boot`() async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 60_000))
        test = try await test.restarted {
            test.clock.advance(milliseconds: 20_000)
            test.clock.stepWall(milliseconds: 7_200_000)
        }
        #expect(try await test.now(lease).state == lease.state)
    }

    @Test(arguments: [(60_000, 30_000), (10_000, 10_000)] as [(Int64, Int64)])
    func `gives grace to a deadline that passed while nothing served`(ttl: Int64, grace: Int64) async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: ttl))
        test = try await test.restarted { test.clock.advance(milliseconds: ttl) }
        let moved = try await test.now(lease)
        #expect(moved.deadline == test.clock.now().boot.advanced(byMilliseconds: grace))
        #expect(moved.expiresAt == test.clock.now().wall.advanced(byMilliseconds: grace))
        #expect(try await test.store.expire(limit: 9, .daemon) == [])
        test.clock.advance(milliseconds: grace)
        #expect(try await test.store.expire(limit: 9, .daemon).count == 1)
    }

    /// After a reboot only the wall clock knows what is left, within [0, TTL].
    @Test(
        arguments: [
            (20_000, 40_000), (0, 60_000), (59_999, 1), (60_000, 30_000), (900_000, 30_000),
            (-1, 60_000), (-86_400_000, 60_000),
        ] as [(Int64, Int64)])
    func `gives what is left by the wall clock after a reboot`(down: Int64, left: Int64) async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 60_000))
        test = try await test.restarted { test.clock.reboot(as: BootID("boot-2"), down: down) }
        #expect(try await test.now(lease).deadline?.milliseconds == 10_000 + left)
        #expect(
            try test.rows("SELECT boot_id FROM leases JOIN boots ON boots.id = deadline_boot") == ["boot-2"])
    }

    @Test func `orphans every owned lease of another boot, and lets its ports rest`() async throws {
        var test = try await TestStore.open()
        let owner = test.processes.start(42)
        let owned = try await test.lease(Wish(first: 20_000, ttl: nil, owner: owner))
        let both = try await test.lease(Wish(first: 20_010, ttl: 600_000, owner: owner))
        let timed = try await test.lease(Wish(session: "bob", first: 20_020, ttl: 600_000, context: .bob))
        let pinned = try await test.lease(Wish(session: "bob", first: 20_030, ttl: nil, isPinned: true, context: .bob))
        let seq = try test.lastSeq()
        test = try await test.restarted { test.clock.reboot(as: BootID("boot-2"), down: 5_000) }
        #expect(try await test.now(owned).end == .orphaned)
        #expect(try await test.now(both).end == .orphaned)
        #expect(try await test.now(owned).owner == owner, "the record keeps who it was")
        #expect(try await test.now(timed).isActive)
        #expect(try await test.now(pinned).isActive)
        #expect(try await test.ports(.quarantined) == ["20000-20001", "20010-20011"])
        #expect(try await test.store.port(20_000)?.restsUntil?.milliseconds == 12_000)
        #expect(
            try test.events(after: seq) == [
                "daemon.started", "owner.exited", "lease.orphaned", "port.quarantined", "owner.exited",
                "lease.orphaned", "port.quarantined", "session.ended", "lease.adjusted",
            ])
        try test.expectWholeAudit()
    }

    @Test func `leaves owned leases of this boot to the reaper, whether their owner lives or not`() async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: nil, owner: test.processes.start(42)))
        test = try await test.restarted { test.processes.end(42) }
        #expect(try await test.now(lease).isActive)
    }

    @Test func `keeps a quarantine within the boot, and lets it begin anew in another`() async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 1_000))
        test.clock.advance(milliseconds: 1_000)
        _ = try await test.store.expire(limit: 9, .daemon)
        let rest = try await test.store.port(20_000)?.restsUntil
        #expect(rest?.milliseconds == 1_003_000)
        test.clock.advance(milliseconds: 500)
        test = try await test.restarted()
        #expect(try await test.store.port(20_000)?.restsUntil == rest)
        test = try await test.restarted { test.clock.reboot(as: BootID("boot-2"), down: 1, boot: 7_000) }
        let port = try #require(try await test.store.port(20_000))
        #expect(port.state == .quarantined && port.restsUntil?.milliseconds == 9_000 && port.lastLease == lease.id)
        test.clock.advance(milliseconds: 1_999)
        #expect(try await test.store.recover([20_000], reason: "unbound", .daemon) == [])
        test.clock.advance(milliseconds: 1)
        #expect(try await test.store.recover([20_000], reason: "unbound", .daemon) == [20_000])
    }

    @Test func `loses nothing that was answered, though nothing was closed`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web", agents: ["one"]))
        // The files as a killed process leaves them.
        let copy = try TemporaryFolder()
        let answer = try SQLiteShell.run(".shell cp \(test.path) \(test.path)-wal \(copy.path)", on: ":memory:")
        #expect(answer.status == 0)
        let file = try DatabaseFile(path: copy.file("berth.db"))
        let setup = LeaseStore.Setup(
            pools: [.test], clock: test.clock, processes: test.processes, observer: CommitRecorder(),
            unknownOutcome: { _ in })
        let store = try await LeaseStore.open(file, setup)
        #expect(try await store.lease(lease.id, for: .alice) == lease)
        try await store.close()
    }

    @Test func `records an orderly end and the next start`() async throws {
        let test = try await TestStore.open()
        try await test.store.close()
        let again = try await test.started()
        #expect(try again.events().suffix(2) == ["daemon.stopped", "daemon.started"])
        try again.expectWholeAudit()
    }
}
