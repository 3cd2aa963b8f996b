import BerthCore
import BerthStore
import BerthTestSupport
import GRDB
import Synchronization
import Testing

/// A history that was played once on a recording disk: what clients were told, and the whole contents after each
/// commit.
struct RecordedHistory: Sendable {
    let disk: FaultDisk
    let changes: [ChangeLedger.Change]
    /// The contents after each commit; the first is the empty database.
    let states: [State]
    let dump: StateDump
    /// The states with these contents: a commit may leave them as they were.
    let statesByText: [String: [Int]]

    /// The contents after a commit, and where the disk's record stood when the queue told of it.
    struct State: Sendable {
        let text: String
        let position: Int64
        /// The request ids that the audit held.
        let requests: Set<String>
    }

    /// Plays `rounds` rounds from an empty folder on; `play` may add to them before the last stop.
    static func record(
        rounds: Range<Int>, syncMicroseconds: Int32 = 300,
        _ extra: (TestStore, ChangeLedger) async throws -> Void = { _, _ in }
    ) async throws -> RecordedHistory {
        let disk = try FaultDisk()
        disk.record(syncMicroseconds: syncMicroseconds)
        let clock = ManualClock()
        let processes = FakeProcessTable(clock: clock)
        let ledger = ChangeLedger(position: { disk.position })
        let history = ScriptedHistory(clock: clock, processes: processes, ledger: ledger)
        let recorder = StateRecorder(disk: disk)
        func start() async throws -> TestStore {
            let file = try DatabaseFile(path: disk.path)
            try recorder.watch(file)
            return try await TestStore.open(
                [.test], folder: disk.folder, clock: clock, processes: processes, file: file,
                commits: CommitRecorder { recorder.note() })
        }
        var store = try await start()
        for round in rounds {
            try await history.play(round: round, on: store)
            // Every other start finds a log that nobody emptied; the rest find none.
            if round.isMultiple(of: 2) { try store.stop() } else { try await store.store.close() }
            store = try await start()
        }
        try await extra(store, ledger)
        try store.expectWholeAudit()
        try store.stop()
        #expect(recorder.failure == nil)
        let states = recorder.states
        return RecordedHistory(
            disk: disk, changes: ledger.all, states: states, dump: try #require(recorder.dump),
            statesByText: Dictionary(grouping: states.indices) { states[$0].text })
    }

    /// The first state that holds what the change did; nil when none does.
    func state(of change: Int) -> Int? {
        let id = ChangeLedger.requestID(change)
        return states.firstIndex { $0.requests.contains(id) }
    }

    /// The states that may be found after a cut at `position`: what was acknowledged is there, and of what was not,
    /// only the batch that was on its way may be.
    func possibleStates(at position: Int64) -> ClosedRange<Int> {
        let acknowledged = changes.indices.compactMap { number in
            changes[number].acknowledgedAt.flatMap { $0 <= position ? state(of: number) : nil }
        }
        let committed = states.lastIndex { $0.position <= position } ?? 0
        return (acknowledged.max() ?? 0)...max(acknowledged.max() ?? 0, min(committed + 1, states.count - 1))
    }
}

/// Takes down the contents after each commit, before anybody is answered.
private final class StateRecorder: Sendable {
    private struct Notes {
        var readers: DatabasePool?
        var dump: StateDump?
        var states: [RecordedHistory.State] = []
        var failure: String?
    }

    private let disk: FaultDisk
    private let notes = Mutex(Notes())

    init(disk: FaultDisk) { self.disk = disk }

    var states: [RecordedHistory.State] { notes.withLock { $0.states } }
    var dump: StateDump? { notes.withLock { $0.dump } }
    var failure: String? { notes.withLock { $0.failure } }

    func watch(_ file: DatabaseFile) throws {
        let dump = try file.readers.read { try StateDump($0) }
        let isFirst = notes.withLock { notes in
            (notes.readers, notes.dump) = (file.readers, dump)
            return notes.states.isEmpty
        }
        if isFirst { note() }
    }

    func note() {
        let (readers, dump) = notes.withLock { ($0.readers, $0.dump) }
        guard let readers, let dump else { return }
        do {
            let (text, requests) = try readers.read { db in
                (
                    try dump.text(db),
                    try Set(String.fetchAll(db, sql: "SELECT request_id FROM audit WHERE request_id IS NOT NULL"))
                )
            }
            let state = RecordedHistory.State(text: text, position: disk.position, requests: requests)
            notes.withLock { $0.states.append(state) }
        } catch {
            notes.withLock { $0.failure = "\(error)" }
        }
    }
}
