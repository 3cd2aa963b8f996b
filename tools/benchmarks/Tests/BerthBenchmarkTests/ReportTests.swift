import Testing

@testable import BerthBenchmark

@Suite struct `The report` {
    private func measurement(answers: UInt64, latency: Nanoseconds, failures: Failures = Failures()) -> Measurement {
        var latencies = LatencyHistogram()
        for _ in 0..<10 { latencies.record(latency) }
        return Measurement(
            answers: answers, duration: Nanoseconds(seconds: 2), latencies: latencies, generatorCores: 0.25,
            daemonCores: 1.5, failures: failures)
    }

    private func results(failures: Failures = Failures()) -> Results {
        var results = Results(plan: Plan(connections: [64], rounds: 1, warmUp: 0, duration: Nanoseconds(seconds: 2)))
        results.add(syncsPerSecond: 1234)
        results.add(measurement(answers: 8_000, latency: 16_000_000, failures: failures), of: .lease, connections: 64)
        results.add(measurement(answers: 20_000, latency: 6_400_000), of: .echo, connections: 64)
        results.add(measurement(answers: 60_000, latency: 2_100_000), of: .livez, connections: 64)
        return results
    }

    @Test func `puts changes, echo and livez beside each other`() {
        let text = Report(results(), bar: .first, facts: [("Cores", "2")]).text
        // The histogram rounds up by less than 0.8 %.
        #expect(text.contains("| 64 | 4,000 | 16.1 | 16.1 | 10,000 | 6.42 | 6.42 | 30,000 | 0.400 |"))
        #expect(text.contains("| 64 | 1.50 | 0.25 | 1.50 | 0.25 | 1.50 | 0.25 |"))
        #expect(text.contains("fdatasync of 4 KiB, one after the other: 1,234/s"))
        #expect(text.contains("≥ 0.25 × echo: 0.400, **pass**"))
        #expect(text.contains("- Cores: 2"))
        #expect(!text.contains("FAILED"))
    }

    @Test func `says what was not the expected answer`() {
        var failures = Failures()
        failures.record(
            Connection.Answer(request: .grant, latency: 1, status: 503, lease: nil, problem: "pool-exhausted"),
            problem: "pool-exhausted")
        let text = Report(results(failures: failures), bar: .first, facts: []).text
        #expect(text.contains("**FAILED**"))
        #expect(text.contains("round 1, 64 connections, lease: POST /v1/leases answered 503 (1×)"))
        #expect(text.contains("the first said: pool-exhausted"))
    }
}
