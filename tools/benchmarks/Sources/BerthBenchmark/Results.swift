/// All that was measured, in the order of the rounds.
package struct Results {
    package let plan: Plan
    package private(set) var syncsPerSecond: [Double] = []
    private var measurements: [Key: [Measurement]] = [:]

    private struct Key: Hashable {
        let workload: Workload
        let connections: Int
    }

    package init(plan: Plan) {
        self.plan = plan
    }

    package mutating func add(syncsPerSecond: Double) {
        self.syncsPerSecond.append(syncsPerSecond)
    }

    package mutating func add(_ measurement: Measurement, of workload: Workload, connections: Int) {
        measurements[Key(workload: workload, connections: connections), default: []].append(measurement)
    }

    /// One measurement for each round that is complete.
    package func rounds(of workload: Workload, connections: Int) -> [Measurement] {
        measurements[Key(workload: workload, connections: connections)] ?? []
    }

    /// A figure of one workload over the rounds; nil when no round has it.
    package func spread(
        of workload: Workload, connections: Int, _ figure: (Measurement) -> Double?
    ) -> Spread? {
        Spread(rounds(of: workload, connections: connections).compactMap(figure))
    }

    /// Durable changes for each echo, both of the same round: what the machine does slower or faster in one round
    /// touches both, and drops out. nil when one of them was not measured.
    package func changesPerEcho(connections: Int) -> Spread? {
        let pairs = zip(
            rounds(of: .lease, connections: connections), rounds(of: .echo, connections: connections))
        return Spread(pairs.filter { $0.1.answers > 0 }.map { $0.perSecond / $1.perSecond })
    }

    /// What went wrong, a line for each kind; empty when every answer was the expected one.
    package var failures: [String] {
        var lines: [String] = []
        for connections in plan.connections {
            for workload in Workload.allCases {
                for (round, measurement) in rounds(of: workload, connections: connections).enumerated() {
                    let place = "round \(round + 1), \(connections) connections, \(workload.rawValue)"
                    for (reason, count) in measurement.failures.counts.sorted(by: { $0.key < $1.key }) {
                        lines.append("\(place): \(reason) (\(count)×)")
                    }
                    if let problem = measurement.failures.firstProblem {
                        lines.append("\(place): the first said: \(problem)")
                    }
                }
            }
        }
        return lines
    }
}
