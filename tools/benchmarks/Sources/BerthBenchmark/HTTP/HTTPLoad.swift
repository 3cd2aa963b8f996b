import Glibc

/// One workload on a running Berth.
package struct HTTPLoad {
    private let endpoint: Endpoint
    private let workload: Workload
    private let sessionPrefix: String

    /// - Parameter sessionPrefix: the connections' sessions are `prefix-0`, `prefix-1`, …, so that two generators at
    ///   once do not meet in one session.
    package init(endpoint: Endpoint, workload: Workload, sessionPrefix: String) {
        self.endpoint = endpoint
        self.workload = workload
        self.sessionPrefix = sessionPrefix
    }

    package func measure(
        connections: Int, warmUp: Nanoseconds, duration: Nanoseconds, daemon: CPUClock?
    ) throws(BenchmarkError) -> Measurement {
        let clients = try (0..<connections).map { number throws(BenchmarkError) in
            try HTTPClient(endpoint: endpoint, workload: workload, session: "\(sessionPrefix)-\(number)")
        }
        return try ClosedLoop(clients, daemon: daemon).run(warmUp: warmUp, duration: duration)
    }

    /// Waits until the daemon accepts connections, then asks once, so that a daemon that is not ready, or that was
    /// started without its echo route, is reported in one sentence instead of thousands of failures.
    package func check(patience: Nanoseconds) throws(BenchmarkError) {
        try waitUntilConnected(deadline: .now + patience)
        let measurement = try measure(connections: 1, warmUp: 0, duration: Nanoseconds(seconds: 0.05), daemon: nil)
        guard let reason = measurement.failures.counts.keys.min() else { return }
        let hint = workload == .echo ? " (is the daemon running with BERTH_BENCHMARK_ECHO=1?)" : ""
        throw BenchmarkError("\(reason)\(hint). \(measurement.failures.firstProblem ?? "")")
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
