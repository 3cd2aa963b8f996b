import BerthCore
import BerthTestSupport
import FoundationEssentials
import Testing

@testable import BerthStore

/// A database that the last Berth with V002 left behind when it was killed, made by that Berth itself.
@Suite struct `A database of an older Berth` {
    private func restored() throws -> TemporaryFolder {
        let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/V002.sql")
        let folder = try TemporaryFolder()
        let answer = try SQLiteShell.run(
            ".read \(dump.path)", "PRAGMA application_id = \(Migrator.applicationID)", "PRAGMA user_version = 2",
            on: folder.file("berth.db"))
        #expect(answer.status == 0, "\(answer.errors)")
        return folder
    }

    private func opened(_ folder: TemporaryFolder) async throws -> TestStore {
        let clock = ManualClock()
        return try await TestStore.open(
            [Pool(name: .standard, ranges: [.of(24_000, 20)])], folder: folder, clock: clock,
            processes: FakeProcessTable(clock: clock))
    }

    @Test func `keeps its leases and history, and is whole from there on`() async throws {
        let test = try await opened(try restored())
        let first = try await test.store.verify()
        let last = try test.lastSeq()
        #expect(first.problem == nil && first.checked == last)
        #expect(try test.rows("PRAGMA auto_vacuum") == ["2"], "it gives space back from now on")
        let live = try #require(try await test.store.lease(LeaseID(2), for: .administrator))
        #expect(live.isActive && live.labels == ["repo": "draft"])
        #expect(try test.rows("SELECT waiting, held_slots, last_turn FROM host") == ["0|0|0"], "nobody waits")
        var filter = AuditFilter()
        filter.lease = LeaseID(1)
        #expect(try await test.store.audit(filter).map(\.entry.event) == [.leaseGranted, .leaseReleased])
        _ = try await test.store.release(live.id, reason: "done", ChangeContext(caller: .administrator))
        #expect(try await test.store.verify().problem == nil)
        try test.expectWholeAudit()
    }

    @Test func `is pruned behind the state it was taken over with, and not before it`() async throws {
        let test = try await opened(try restored())
        let started = try #require(
            try await test.store.audit(AuditFilter()).last { $0.entry.event == .daemonStarted })
        test.clock.advance(milliseconds: 10_000)
        let none = try await test.store.prune(before: started.at, ChangeContext(caller: .administrator))
        #expect(none == Pruning(), "there is no state to begin with")
        _ = try await test.store.finishPruning()
        #expect(try test.rows("SELECT min(seq) FROM audit") == ["1"])
        let head = try await test.store.auditHead()
        let all = try await test.store.prune(
            before: head.at.advanced(byMilliseconds: 1), ChangeContext(caller: .administrator))
        let cut = try #require(all.cut)
        #expect(all.count == Int(cut.seq) && cut.seq > started.seq)
        let finding = try await test.store.verify()
        #expect(finding.problem == nil && finding.checked == 1)
        #expect(try test.rows("SELECT count(*) FROM audit_cuts") == ["1"])
    }

    @Test func `shows what is changed in the state it was taken over with`() async throws {
        let test = try await opened(try restored())
        let before = try await test.store.verify()
        #expect(before.problem == nil)
        try test.stop()
        let answer = try SQLiteShell.run(
            "DROP TRIGGER audit_cuts_never_change", "UPDATE audit_cuts SET state = replace(state, 'draft', 'drift')",
            on: test.path)
        #expect(answer.status == 0, "\(answer.errors)")
        let again = try await test.started(pools: [Pool(name: .standard, ranges: [.of(24_000, 20)])])
        #expect(try await again.store.verify().problem?.contains("the state at the cut") == true)
    }
}
