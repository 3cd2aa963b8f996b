/// The whole benchmark: every workload on every number of connections, round by round.
package struct Benchmark {
    private let endpoint: Endpoint
    private let plan: Plan
    private let folder: String
    private let daemon: CPUClock?
    private let note: (String) -> Void

    /// - Parameters:
    ///   - folder: where the disk is measured; it should be the database's.
    ///   - daemon: the daemon's CPU clock, where its process is known.
    ///   - note: told about each measurement as soon as it is there.
    package init(
        endpoint: Endpoint, plan: Plan, folder: String, daemon: CPUClock?, note: @escaping (String) -> Void
    ) {
        self.endpoint = endpoint
        self.plan = plan
        self.folder = folder
        self.daemon = daemon
        self.note = note
    }

    /// Measures one after the other, never two at once: what stands side by side in the results was measured within
    /// seconds of each other on the same daemon.
    package func run() throws(BenchmarkError) -> Results {
        var results = Results(plan: plan)
        for round in 0..<plan.rounds {
            note("round \(round + 1) of \(plan.rounds)")
            let syncs = try SyncSpeed.measure(folder: folder, duration: Nanoseconds(seconds: 1))
            note("  fdatasync \(NumberText.rate(syncs))/s")
            results.add(syncsPerSecond: syncs)
            for connections in plan.connections {
                for workload in Plan.order(inRound: round) {
                    let run = try LoadRun(endpoint: endpoint, connections: connections, daemon: daemon)
                    let measurement = try run.measure(workload, warmUp: plan.warmUp, duration: plan.duration)
                    results.add(measurement, of: workload, connections: connections)
                    let rate = NumberText.rate(measurement.perSecond)
                    note("  \(connections) connections, \(workload.rawValue): \(rate)/s")
                }
            }
        }
        return results
    }
}
