import BerthSimulation
import Testing

/// The short form, for a build with all checks on; `tools/torture/simulation` runs as many steps as it is told.
@Suite struct `A simulated host` {
    /// The seed stands in the failure, and goes the same way again.
    @Test(arguments: 1...4)
    func `never shares a port, never takes one from the living, and gets every port back`(seed: Int) async throws {
        let simulation = try await Simulation(seed: seed)
        try await simulation.run(steps: 1500)
        let report = simulation.report
        #expect(report.pidReuses > 100 && report.orphaned > 0 && report.crashes > 0, "too little happened")
        #expect(report.falseReclaims == 0)
    }

    @Test func `goes the same way for the same seed, and another for another`() async throws {
        var digests: [UInt64] = []
        for seed in [7, 7, 8] {
            let simulation = try await Simulation(seed: seed)
            try await simulation.run(steps: 300)
            digests.append(simulation.report.digest)
        }
        #expect(digests[0] == digests[1] && digests[1] != digests[2])
    }
}
