import ArgumentParser
import BerthBenchmark
import Glibc

/// Exit status: 0; 1 for a failed measurement; 2 for a missed bar with `--check`; 64 for usage.
@main
struct BerthBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "berth-bench",
        abstract: "Measures how many durable changes a running Berth makes for each echo of the same request.",
        discussion: """
            The daemon must have been started with BERTH_BENCHMARK_ECHO=1. The script `run` starts one, and calls this.

              berth-bench --socket /tmp/berth/berth.sock --folder /tmp/berth --quick
            """)

    @Option(help: "The daemon's Unix socket.")
    var socket: String?

    @Option(help: "The daemon's TCP listener instead: an IPv4 address and port, with --token-file.")
    var tcp: String?

    @Option(help: "The file with the bearer token for --tcp.")
    var tokenFile: String?

    @Option(help: "The folder whose disk is measured, which should be the database's.")
    var folder = "."

    @Option(help: "The daemon's process, to report the CPU time that it uses.")
    var daemonPID: Int32?

    @Option(parsing: .upToNextOption, help: "Numbers of connections to measure with.")
    var connections = [1, 16, 64, 256]

    @Option(help: "How often each figure is measured. (default: 5, with --quick 1)")
    var rounds: Int?

    @Option(help: "Seconds for each figure in each round. (default: 4, with --quick 1)")
    var duration: Double?

    @Option(help: "Seconds of the same load before each. (default: 1, with --quick 0.5)")
    var warmUp: Double?

    @Flag(help: "One round of 1 s: to see that it works, not to compare.")
    var quick = false

    @Flag(help: "Exit with 2 when the bar is missed.")
    var check = false

    @Option(help: ArgumentHelp("A line for the report, repeatable.", valueName: "name=value"))
    var fact: [String] = []

    func validate() throws {
        guard (socket == nil) != (tcp == nil) else { throw ValidationError("Name either --socket or --tcp.") }
        guard (tcp == nil) == (tokenFile == nil) else { throw ValidationError("--tcp and --token-file go together.") }
        let isPlausible =
            !connections.isEmpty && connections.allSatisfy { 1...10_000 ~= $0 } && 1...1000 ~= rounds ?? 1
            && 0.1...3600 ~= duration ?? 1 && 0...3600 ~= warmUp ?? 1
        guard isPlausible else { throw ValidationError("A number is out of its range.") }
        if check, !connections.contains(Bar.first.connections) {
            throw ValidationError("--check needs a measurement with \(Bar.first.connections) connections.")
        }
    }

    func run() throws {
        let plan = Plan(
            connections: connections, rounds: rounds ?? (quick ? 1 : 5),
            warmUp: Nanoseconds(seconds: warmUp ?? (quick ? 0.5 : 1)),
            duration: Nanoseconds(seconds: duration ?? (quick ? 1 : 4)))
        let results: Results
        do throws(BenchmarkError) {
            let endpoint = try endpoint()
            let daemon: CPUClock? = if let daemonPID { try CPUClock(process: daemonPID) } else { nil }
            try Preflight(endpoint: endpoint).check(patience: Nanoseconds(seconds: 10))
            let benchmark = Benchmark(
                endpoint: endpoint, plan: plan, folder: folder, daemon: daemon, note: StandardError.write)
            results = try benchmark.run()
        } catch {
            StandardError.write("berth-bench: \(error)")
            throw ExitCode(1)
        }
        print(Report(results, bar: .first, facts: MachineFacts.current() + givenFacts).text, terminator: "")
        if !results.failures.isEmpty { throw ExitCode(1) }
        if check, Bar.first.verdict(on: results) != .pass { throw ExitCode(2) }
    }

    private func endpoint() throws(BenchmarkError) -> Endpoint {
        if let socket { return .unix(path: socket) }
        return try .tcp(tcp ?? "", token: TokenFile.read(tokenFile ?? ""))
    }

    private var givenFacts: [(name: String, value: String)] {
        fact.map { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            return (String(parts.first ?? ""), String(parts.dropFirst().first ?? ""))
        }
    }
}
