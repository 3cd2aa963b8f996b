import Testing

@testable import BerthBenchmark

@Suite struct `A latency histogram` {
    @Test func `has no percentile before the first latency`() {
        #expect(LatencyHistogram().percentile(0.5) == nil)
    }

    @Test(arguments: [1, 255, 256, 257, 511, 512, 123_456, 4_000_000_000, UInt64.max])
    func `gives a latency back to within 0.8 percent`(latency: UInt64) throws {
        var histogram = LatencyHistogram()
        histogram.record(latency)
        let found = try #require(histogram.percentile(0.99))
        #expect(found >= latency)
        #expect(Double(found - latency) <= Double(latency) / 128)
    }

    @Test func `ranks latencies as a sorted list does`() throws {
        var histogram = LatencyHistogram()
        for value in 1...200 { histogram.record(UInt64(value)) }
        #expect(histogram.percentile(0.50) == 100)
        #expect(histogram.percentile(0.99) == 198)
        #expect(histogram.percentile(1) == 200)
    }
}

@Suite struct `The figures of a report` {
    @Test func `show the median and how far the rounds lie apart`() throws {
        let odd = try #require(Spread([3, 1, 2]))
        #expect(odd.text { NumberText.fixed($0, 1) } == "2.0 (1.0–3.0)")
        let even = try #require(Spread([4, 1, 2, 3]))
        #expect(even.median == 2.5)
        #expect(Spread([7])?.text(NumberText.rate) == "7")
        #expect(Spread([]) == nil)
    }

    @Test func `are rounded and grouped`() {
        #expect(NumberText.fixed(2.345, 2) == "2.35")
        #expect(NumberText.fixed(0.999, 2) == "1.00")
        #expect(NumberText.fixed(-0.05, 2) == "-0.05")
        #expect(NumberText.rate(1_234_567.4) == "1,234,567")
        #expect(NumberText.rate(999.6) == "1,000")
        #expect(NumberText.milliseconds(123_400) == "0.123")
        #expect(NumberText.milliseconds(78_940_000) == "78.9")
    }
}

@Suite struct `The bar` {
    private func results(_ rounds: [(changes: UInt64, echoes: UInt64)], connections: Int = 64) -> Results {
        let plan = Plan(connections: [connections], rounds: rounds.count, warmUp: 0, duration: 1_000_000_000)
        var results = Results(plan: plan)
        for round in rounds {
            for (workload, answers) in [(Workload.lease, round.changes), (.echo, round.echoes)] {
                let measurement = Measurement(
                    answers: answers, duration: plan.duration, latencies: LatencyHistogram(), generatorCores: 0,
                    daemonCores: nil, failures: Failures())
                results.add(measurement, of: workload, connections: connections)
            }
        }
        return results
    }

    @Test func `is decided by the median of ratios of the same round`() {
        #expect(Bar.first.verdict(on: results([(25, 100), (10, 100), (90, 100)])) == .pass)
        #expect(Bar.first.verdict(on: results([(24, 100), (10, 100), (90, 100)])) == .missed)
    }

    @Test func `is not decided by other numbers of connections`() {
        #expect(Bar.first.verdict(on: results([(90, 100)], connections: 16)) == .notMeasured)
    }

    @Test func `gives no ratio to an echo that never answered`() {
        #expect(Bar.first.verdict(on: results([(90, 0)])) == .notMeasured)
    }
}

@Suite struct `The order of work` {
    @Test func `releases what was granted, when it stops too`() {
        #expect(Request.grant.next(lease: 7, stopping: false) == .release(lease: 7))
        #expect(Request.grant.next(lease: 7, stopping: true) == .release(lease: 7))
        #expect(Request.grant.next(lease: nil, stopping: true) == nil)
        #expect(Request.release(lease: 7).next(lease: nil, stopping: false) == .grant)
        #expect(Request.release(lease: 7).next(lease: nil, stopping: true) == nil)
        #expect(Request.echo.next(lease: 7, stopping: false) == .echo)
    }

    @Test func `gives each workload each place in three rounds`() {
        for place in 0..<3 {
            #expect(Set((0..<3).map { Plan.order(inRound: $0)[place] }) == Set(Workload.allCases))
        }
    }

    @Test func `writes a release with the lease's number`() {
        var requests = RequestBytes(endpoint: .tcp(address: "127.0.0.1", port: 1, token: "t"), connection: 3)
        let text = requests.withBytes(of: .release(lease: 1_020)) { String(decoding: $0, as: UTF8.self) }
        #expect(
            text == "DELETE /v1/leases/1020 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n")
    }
}
