import BerthSimulation
import Glibc

/// `berth-simulation [--seed N] [--seeds N] [--steps N] [--jobs N] [--operations N]`
@main struct SimulationRunner {
    private static let usage = """
        usage: berth-simulation [--seed N] [--seeds N] [--steps N] [--jobs N] [--operations N]

        Runs the seeds from --seed (1) on, --seeds (1) of them and --jobs (1) at a time, with --steps (10000) steps each.
        A rule that does not hold ends it with status 1, and tells the seed, the step and the last --operations (30)
        that led there.

        """

    /// The numbers that the command line may set.
    private struct Options {
        var numbers = ["--seed": 1, "--seeds": 1, "--steps": 10_000, "--jobs": 1, "--operations": 30]

        /// Nil for a command line that is not understood.
        init?(_ arguments: [String]) {
            var arguments = arguments[...]
            while let name = arguments.popFirst() {
                guard numbers[name] != nil, let number = arguments.popFirst().flatMap({ Int($0) }), number > 0 else {
                    return nil
                }
                numbers[name] = number
            }
        }

        subscript(name: String) -> Int { numbers[name, default: 1] }
    }

    private struct Outcome {
        let seed: Int
        let report: SimulationReport
        let failure: String?
    }

    static func main() async {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            print(usage, terminator: "")
            exit(64)
        }
        let start = ContinuousClock.now
        let outcomes = await run(options)
        var total = SimulationReport()
        for outcome in outcomes { total.add(outcome.report) }
        let seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
        let (first, last) = (options["--seed"], options["--seed"] + options["--seeds"] - 1)
        print("seeds \(first)-\(last), digest \(String(total.digest, radix: 16))")
        for (name, count) in total.figures { print("\(name): \(count)") }
        print("time: \(Int(seconds)) s, \(Int(Double(total.steps) / max(seconds, 0.001))) steps/s")
        let failures = outcomes.filter { $0.failure != nil }
        for outcome in failures {
            print("FAILED \(outcome.failure ?? "")")
            print("again: berth-simulation --seed \(outcome.seed) --steps \(options["--steps"])")
        }
        exit(failures.isEmpty ? 0 : 1)
    }

    /// Runs the seeds, some at a time, and begins no more after one has failed. Ascending by seed.
    private static func run(_ options: Options) async -> [Outcome] {
        await withTaskGroup(of: Outcome.self) { group in
            let last = options["--seed"] + options["--seeds"] - 1
            var next = options["--seed"]
            func begin() {
                guard next <= last else { return }
                let (seed, steps, kept) = (next, options["--steps"], options["--operations"])
                group.addTask { await run(seed: seed, steps: steps, keptOperations: kept) }
                next += 1
            }
            for _ in 0..<options["--jobs"] { begin() }
            var outcomes: [Outcome] = []
            for await outcome in group {
                outcomes.append(outcome)
                if outcomes.allSatisfy({ $0.failure == nil }) { begin() }
            }
            return outcomes.sorted { $0.seed < $1.seed }
        }
    }

    private static func run(seed: Int, steps: Int, keptOperations: Int) async -> Outcome {
        do {
            let simulation = try await Simulation(seed: seed, keptOperations: keptOperations)
            do {
                try await simulation.run(steps: steps)
                return Outcome(seed: seed, report: simulation.report, failure: nil)
            } catch {
                return Outcome(seed: seed, report: simulation.report, failure: "\(error)")
            }
        } catch {
            return Outcome(seed: seed, report: SimulationReport(), failure: "seed \(seed) cannot start: \(error)")
        }
    }
}
