import BerthCore
import BerthStore
import BerthTestSupport
import CFaultVFS
import FoundationEssentials
import GRDB
import Testing

/// Every call to the disk on the way through a history fails once, in every way that it can.
@Suite(.serialized) struct `A failing disk` {
    /// Where the script stood when a call failed.
    private enum Stage { case opening, serving, closing }

    private struct Run {
        var stage = Stage.opening
        var calls: Int64 = 0
        var failed: (kind: fault_call, file: String)?
        var failedIn = Stage.opening
        var unknownOutcomes: [String] = []
        var repeatedSyncs: Int64 = 0
        var faults: [String] = []
    }

    /// The calls that are tried, one in so many: all of them with `BERTH_IO_FAULT_STRIDE=1`.
    private static let stride = Int64(ProcessInfo.processInfo.environment["BERTH_IO_FAULT_STRIDE"] ?? "") ?? 5

    @Test(arguments: [FAULT_ERROR, FAULT_FULL, FAULT_SHORT])
    func `never lies, and is never asked to sync again`(variant: fault_variant) async throws {
        let whole = try await Self.run(failing: 0, variant)
        #expect(whole.faults == [] && whole.unknownOutcomes == [])
        try #require(whole.calls > 500)
        var (runs, ended, faults) = (0, 0, [String]())
        for call in Swift.stride(from: 1 + Int64(variant.rawValue), through: whole.calls, by: Int(Self.stride)) {
            let run = try await Self.run(failing: call, variant)
            runs += 1
            ended += run.unknownOutcomes.isEmpty ? 0 : 1
            let name = run.failed.map { "kind \($0.kind.rawValue) of \($0.file), \(run.failedIn)" } ?? "none"
            faults += run.faults.map { "call \(call) (\(name)): \($0)" }
        }
        print("failing disk: \(whole.calls) calls, \(runs) of them failed, \(ended) ended the process")
        #expect(ended > 0)
        #expect(faults.prefix(5) == [], "\(faults.count) in \(runs) runs")
    }

    /// Plays the history while that call fails, ends the process in the way that it would end, and reads what it left.
    private static func run(failing call: Int64, _ variant: fault_variant) async throws -> Run {
        let disk = try FaultDisk()
        let clock = ManualClock()
        let processes = FakeProcessTable(clock: clock)
        let ledger = ChangeLedger(position: { 0 })
        var run = Run()
        disk.fail(call: call, variant)
        let commits = CommitRecorder(unknownOutcome: { disk.switchOff() })
        func look(_ stage: Stage) {
            if run.failed == nil, let failed = disk.failedCall { (run.failed, run.failedIn) = (failed, stage) }
        }
        do {
            let store = try await TestStore.open(
                [.test], folder: disk.folder, clock: clock, processes: processes,
                file: DatabaseFile(path: disk.path), commits: commits)
            look(.opening)
            run.stage = .serving
            let history = ScriptedHistory(clock: clock, processes: processes, ledger: ledger)
            try await history.play(round: 0, on: store)
            look(.serving)
            run.stage = .closing
            try await store.store.close()
        } catch is BerthError {
        } catch is DatabaseError {}
        look(run.stage)
        run.calls = disk.calls
        run.repeatedSyncs = disk.repeatedSyncs
        run.unknownOutcomes = commits.unknownOutcomes
        disk.switchOff()
        judge(&run, variant)
        run.faults += try await found(in: disk, after: ledger.all)
        return run
    }

    private static func judge(_ run: inout Run, _ variant: fault_variant) {
        // Where the first page of a new file could not be synced, SQLite takes it back to nothing and syncs that.
        let isNewFile = run.failedIn == .opening && run.failed?.file == "berth.db"
        if run.repeatedSyncs > 0, !isNewFile { run.faults.append("a file was synced again after its sync had failed") }
        if run.unknownOutcomes.count > 1 { run.faults.append("the process ended more than once") }
        guard let failed = run.failed else { return }
        // A disk that is full leaves no commit frame; a write of the database is a checkpoint's, and is made again.
        let isLost =
            failed.kind == FAULT_CALL_SYNC
            || failed.kind == FAULT_CALL_WRITE && variant == FAULT_ERROR && failed.file.hasSuffix("-wal")
        // What else fails inside a COMMIT is the index in shared memory, and is held for lost as well.
        let mayBeLost = isLost || failed.kind == FAULT_CALL_SHARED_MAP || failed.kind == FAULT_CALL_SHARED_LOCK
        if run.failedIn == .serving, run.unknownOutcomes.isEmpty ? isLost : !mayBeLost {
            run.faults.append("unknown outcomes: \(run.unknownOutcomes)")
        }
    }

    /// What is wrong with what the process left, read as after its end: on another disk, without its locks.
    private static func found(in disk: FaultDisk, after changes: [ChangeLedger.Change]) async throws -> [String] {
        let folder = try TemporaryFolder.inMemory()
        for name in ["berth.db", "berth.db-wal", "berth.db-journal"] {
            guard FileManager.default.fileExists(atPath: disk.folder.file(name)) else { continue }
            try FileManager.default.copyItem(atPath: disk.folder.file(name), toPath: folder.file(name))
        }
        let file = try DatabaseFile(path: folder.file("berth.db"))
        let (integrity, recorded) = try await file.readers.read { db in
            (
                try String.fetchAll(db, sql: "PRAGMA integrity_check"),
                try Set(String.fetchAll(db, sql: "SELECT request_id FROM audit WHERE request_id IS NOT NULL"))
            )
        }
        let store = try await TestStore.open(
            [.test], folder: folder, clock: ManualClock(), processes: FakeProcessTable(clock: ManualClock()), file: file
        )
        try store.expectWholeAudit()
        try store.stop()
        var faults = integrity == ["ok"] ? [] : ["damaged: \(integrity)"]
        for (number, change) in changes.enumerated() {
            let isRecorded = recorded.contains(ChangeLedger.requestID(number))
            if change.acknowledgedAt != nil, !isRecorded {
                faults.append("change \(number) was acknowledged, and is lost")
            }
            if change.refusal == .storageUnavailable, isRecorded {
                faults.append("change \(number) was refused, and is there")
            }
        }
        return faults
    }
}
