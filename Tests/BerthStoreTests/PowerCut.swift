import BerthCore
import BerthStore
import BerthTestSupport
import CFaultVFS
import FoundationEssentials
import GRDB
import Synchronization

/// Cuts the power again and again on the way through a recorded history, and looks at what can be opened afterwards.
struct PowerCut: Sendable {
    let history: RecordedHistory
    /// What was found behind the survivors that were opened already, by their hash: the same bytes open the same way.
    private let known = Memory()

    /// Where the power is cut, and the seed of what survives.
    struct Cut: Sendable {
        let position: Int64
        let seed: UInt64
    }

    /// What was found.
    struct Outcome: Sendable {
        var cuts = 0
        var opened = 0
        /// In words, with the cut that it came from: enough to replay it.
        var faults: [String] = []
    }

    private final class Memory: Sendable {
        let outcomes = Mutex<[UInt64: Finding]>([:])
    }

    private enum Finding: Sendable {
        case states([Int])
        case fault(String)
    }

    init(history: RecordedHistory) { self.history = history }

    /// Makes the cuts, which must be in the order of their positions.
    func run(_ cuts: [Cut]) async throws -> Outcome {
        let loss = power_loss_create(history.disk.number)
        defer { power_loss_destroy(loss) }
        let folder = try TemporaryFolder.inMemory()
        var outcome = Outcome()
        var (position, possible) = (Int64(-1), 0...0)
        for cut in cuts {
            if cut.position != position {
                position = cut.position
                possible = history.possibleStates(at: position)
                power_loss_advance(loss, position)
            }
            let hash = power_loss_cut(loss, cut.seed)
            outcome.cuts += 1
            let finding: Finding
            if let found = known.outcomes.withLock({ $0[hash] }) {
                finding = found
            } else {
                finding = try await open(loss, in: folder)
                outcome.opened += 1
                known.outcomes.withLock { $0[hash] = finding }
            }
            switch finding {
            case .fault(let fault): outcome.faults.append("cut at \(position), seed \(cut.seed): \(fault)")
            case .states(let states):
                guard !states.contains(where: possible.contains) else { continue }
                outcome.faults.append(
                    "cut at \(position), seed \(cut.seed): the contents are those after commit \(states), not one of"
                        + " \(possible)")
            }
        }
        return outcome
    }

    /// Opens what survived as a start does.
    private func open(_ loss: OpaquePointer?, in folder: TemporaryFolder) async throws -> Finding {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.removeItem(atPath: folder.file(name))
        }
        let code = power_loss_write(loss, folder.path)
        guard code == 0 else { return .fault("the survivor could not be written: \(code)") }
        do {
            let file = try DatabaseFile(path: folder.file("berth.db"))
            let (integrity, strays, text) = try await file.writer.writeWithoutTransaction { db in
                (
                    try String.fetchAll(db, sql: "PRAGMA integrity_check"),
                    try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count, try history.dump.text(db)
                )
            }
            let clock = ManualClock()
            let store = try await LeaseStore.open(
                file,
                LeaseStore.Setup(
                    pools: [.test], clock: clock, processes: FakeProcessTable(clock: clock),
                    observer: CommitRecorder(), unknownOutcome: { _ in }))
            // A pruning that was cut short is whole as it stands, and is carried on.
            var problem: String?
            if text.contains("audit.pruned") {
                problem = try await store.verify(remembers: false).problem
                _ = try await store.finishPruning()
                if problem == nil { problem = try await store.verify(remembers: false).problem }
            }
            store.queue.close()
            try file.close()
            if let problem { return .fault("its audit is not whole: \(problem)") }
            guard integrity == ["ok"], strays == 0 else { return .fault("the file is damaged: \(integrity)") }
            guard let states = history.statesByText[text] else { return .fault("no commit left these contents") }
            return .states(states)
        } catch {
            return .fault("it was not opened: \(error)")
        }
    }
}
