import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import Testing

/// Everything that a disk may do to what it was not asked to sync, at each sync of a history.
@Suite(.serialized) struct `A power loss` {
    @Test func `at any sync leaves what was acknowledged, and nothing in halves`() async throws {
        let history = try await RecordedHistory.record(rounds: 0..<3)
        #expect(history.changes.allSatisfy { $0.acknowledgedAt != nil }, "a change of the script was refused")
        #expect(history.changes.indices.allSatisfy { history.state(of: $0) != nil })
        #expect(history.disk.syncs(of: "berth.db").count >= 6, "too few checkpoints")
        let syncs = history.disk.syncs()
        let outcome = try await PowerCut(history: history).run(syncs.flatMap { Self.cuts(around: $0, seeds: 6) })
        print("power loss: \(syncs.count) syncs, \(outcome.cuts) cuts, \(outcome.opened) distinct survivors opened")
        #expect(outcome.faults.prefix(5) == [], "\(outcome.faults.count) of \(outcome.cuts) cuts")
    }

    @Test func `at any sync of a pruning leaves it as one of its commits did`() async throws {
        let history = try await RecordedHistory.record(rounds: 0..<2) { test, ledger in
            try await ledger.change(as: .administrator) { context in
                try await test.store.prune(before: test.clock.now().wall, context).cut != nil
            }
            try await ScriptedHistory(clock: test.clock, processes: test.processes, ledger: ledger)
                .play(round: 2, on: test)
        }
        #expect(history.changes.allSatisfy { $0.acknowledgedAt != nil }, "a change of the script was refused")
        let pruned = try #require(history.states.firstIndex { $0.text.contains("audit.pruned") })
        let start = history.states[pruned - 1].position
        let syncs = history.disk.syncs().filter { $0 >= start }
        let outcome = try await PowerCut(history: history).run(syncs.flatMap { Self.cuts(around: $0, seeds: 6) })
        print("power loss in a pruning: \(syncs.count) syncs, \(outcome.cuts) cuts, \(outcome.opened) opened")
        #expect(outcome.faults.prefix(5) == [], "\(outcome.faults.count) of \(outcome.cuts) cuts")
    }

    /// The long form: `tools/torture/power-loss` asks for it. Each history has another course, and each of its cuts
    /// falls anywhere in its record, every other one at a sync.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["BERTH_POWER_LOSS_CUTS"] != nil))
    func `at a random moment leaves what was acknowledged, and nothing in halves`() async throws {
        let start = ContinuousClock.now
        var total = PowerCut.Outcome()
        var run = 0
        while total.cuts < Self.randomCuts {
            let rounds = run..<run + 2
            let history = try await RecordedHistory.record(rounds: rounds)
            let count = min(5_000, Self.randomCuts - total.cuts)
            let cuts = Self.randomCuts(count, of: history, seed: Self.seed + run)
            let outcome = try await Self.run(cuts, on: history)
            total.cuts += outcome.cuts
            total.opened += outcome.opened
            total.faults += outcome.faults.map { "run \(run): \($0)" }
            run += 1
            let elapsed = (ContinuousClock.now - start).components.seconds
            print("power loss: \(total.cuts) cuts, \(total.opened) opened, \(total.faults.count) faults, \(elapsed) s")
        }
        #expect(total.faults.prefix(5) == [], "\(total.faults.count) of \(total.cuts) cuts, seed \(Self.seed)")
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let randomCuts = Int(environment["BERTH_POWER_LOSS_CUTS"] ?? "") ?? 0
    private static let seed = Int(environment["BERTH_POWER_LOSS_SEED"] ?? "") ?? 1

    private static func randomCuts(_ count: Int, of history: RecordedHistory, seed: Int) -> [PowerCut.Cut] {
        var random = SplitMix64(seed: seed)
        let (syncs, end) = (history.disk.syncs(), history.disk.position)
        return (0..<count).map { _ -> PowerCut.Cut in
            let anywhere = Int64.random(in: 0...end, using: &random)
            let atSync = random.pick(syncs) + Int64.random(in: 0...1, using: &random)
            return PowerCut.Cut(
                position: random.happens(inPercent: 50) ? anywhere : atSync, seed: random.next())
        }.sorted { $0.position < $1.position }
    }

    /// Makes the cuts on two threads, each on its own way through the record.
    private static func run(_ cuts: [PowerCut.Cut], on history: RecordedHistory) async throws -> PowerCut.Outcome {
        let power = PowerCut(history: history)
        return try await withThrowingTaskGroup(of: PowerCut.Outcome.self) { group in
            for part in [cuts.prefix(cuts.count / 2), cuts.dropFirst(cuts.count / 2)] {
                group.addTask { try await power.run(Array(part)) }
            }
            return try await group.reduce(into: PowerCut.Outcome()) { total, part in
                total.cuts += part.cuts
                total.opened += part.opened
                total.faults += part.faults
            }
        }
    }

    /// Before a sync nothing is promised; while it runs any part may be there; after it all is.
    private static func cuts(around sync: Int64, seeds: UInt64) -> [PowerCut.Cut] {
        let base = UInt64(sync) * 1_000
        let before = (0..<2 * seeds).map { seed in PowerCut.Cut(position: sync, seed: base + seed) }
        let after = (0..<seeds).map { seed in PowerCut.Cut(position: sync + 1, seed: base + 500 + seed) }
        return before + after
    }
}
