import Glibc

/// Asks for everything once before anything is measured, so that a daemon that is not ready, or that was started
/// without its echo route, is reported in one sentence instead of a table of failures.
package struct Preflight {
    private let endpoint: Endpoint

    package init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// Waits until the daemon accepts connections, then expects the right answer to each request of each workload.
    package func check(patience: Nanoseconds) throws(BenchmarkError) {
        try waitUntilConnected(deadline: .now + patience)
        for workload in [Workload.livez, .lease, .echo] {
            let run = try LoadRun(endpoint: endpoint, connections: 1, daemon: nil)
            let measurement = try run.measure(workload, warmUp: 0, duration: Nanoseconds(seconds: 0.05))
            if let reason = measurement.failures.counts.keys.min() {
                throw BenchmarkError("\(reason)\(hint(workload)) \(measurement.failures.firstProblem ?? "")")
            }
            if measurement.answers == 0 { throw BenchmarkError("\(workload.rawValue): no answer") }
        }
    }

    private func hint(_ workload: Workload) -> String {
        workload == .echo ? " (is the daemon running with BERTH_BENCHMARK_ECHO=1?)." : "."
    }

    private func waitUntilConnected(deadline: Nanoseconds) throws(BenchmarkError) {
        while true {
            do throws(BenchmarkError) {
                close(try endpoint.connect())
                return
            } catch {
                if Nanoseconds.now >= deadline { throw error }
                usleep(20_000)
            }
        }
    }
}
