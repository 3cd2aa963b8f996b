import ArgumentParser
import BerthBenchmark

struct HTTPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract: "Requests to a running Berth.",
        discussion: """
            `lease` grants a block of six and releases it, each a change; `echo` sends the same to a route that changes
            nothing, which the daemon has when it was started with BERTH_BENCHMARK_ECHO=1; `livez` is its smallest answer.

              berth-bench http --socket /tmp/berth/berth.sock --workload lease --connections 64
            """)

    @Option(help: "The daemon's Unix socket.")
    var socket: String?

    @Option(help: "The daemon's TCP listener instead: an IPv4 address and port, with --token-file.")
    var tcp: String?

    @Option(help: "The file with the bearer token for --tcp.")
    var tokenFile: String?

    @Option(help: "lease, echo or livez.")
    var workload: Workload

    @Option(help: "Each connection is a session of its own: PREFIX-0, PREFIX-1, …")
    var sessionPrefix = "bench"

    @OptionGroup var load: LoadOptions
    @OptionGroup var time: TimeOptions

    func validate() throws {
        guard (socket == nil) != (tcp == nil) else { throw ValidationError("Name either --socket or --tcp.") }
        guard (tcp == nil) == (tokenFile == nil) else { throw ValidationError("--tcp and --token-file go together.") }
        let isPlain = sessionPrefix.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x7a ~= $0 || $0 == 0x2d }
        guard isPlain, 1...60 ~= sessionPrefix.utf8.count else {
            throw ValidationError("--session-prefix has 1 to 60 of a-z, 0-9 and -.")
        }
    }

    func run() throws {
        try report(workload.rawValue) { () throws(BenchmarkError) in
            let http = HTTPLoad(endpoint: try endpoint(), workload: workload, sessionPrefix: sessionPrefix)
            try http.check(patience: Nanoseconds(seconds: 10))
            return try http.measure(
                connections: load.connections, warmUp: load.warmUpTime, duration: time.measured, daemon: load.clock())
        }
    }

    private func endpoint() throws(BenchmarkError) -> Endpoint {
        if let socket { return .unix(path: socket) }
        return try .tcp(tcp ?? "", token: TokenFile.read(tokenFile ?? ""))
    }
}

extension Workload: ExpressibleByArgument {}
