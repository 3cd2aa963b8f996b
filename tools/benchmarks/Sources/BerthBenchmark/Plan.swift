/// What is measured, for how long and how often.
package struct Plan {
    package let connections: [Int]
    package let rounds: Int
    package let warmUp: Nanoseconds
    package let duration: Nanoseconds

    package init(connections: [Int], rounds: Int, warmUp: Nanoseconds, duration: Nanoseconds) {
        self.connections = connections
        self.rounds = rounds
        self.warmUp = warmUp
        self.duration = duration
    }

    /// The workloads in the order of a round. It turns from round to round, so that none always has the place after
    /// another's writes.
    package static func order(inRound round: Int) -> [Workload] {
        let all = Workload.allCases
        return all.indices.map { all[($0 + round) % all.count] }
    }
}
