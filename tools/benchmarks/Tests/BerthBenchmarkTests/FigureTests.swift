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

@Suite struct `The line of a measurement` {
    private func measurement(grants: [Nanoseconds] = [], failures: Failures = Failures()) -> Measurement {
        var (latencies, granted) = (LatencyHistogram(), LatencyHistogram())
        for _ in 0..<10 { latencies.record(2000) }
        for latency in grants { granted.record(latency) }
        return Measurement(
            answers: 3000, duration: Nanoseconds(seconds: 2), latencies: latencies, grants: granted,
            generatorCores: 0.25, daemonCores: nil, failures: failures)
    }

    @Test func `has every key, unknown ones as null`() throws {
        // The histogram rounds up by less than 0.8 %.
        #expect(
            try ResultLine(kind: "echo", measurement()).text() == """
                {"count":3000,"daemon_cores":null,"failures":[],"generator_cores":0.25,"kind":"echo","p50_us":2.007,\
                "p99_us":2.007,"per_second":1500,"seconds":2}
                """)
    }

    @Test func `tells a grant's latencies apart where something is granted`() throws {
        let text = try ResultLine(kind: "lease", measurement(grants: [100, 100, 200])).text()
        #expect(text.contains("\"grant_p50_us\":0.1,\"grant_p99_us\":0.2,"))
    }

    @Test func `says what was not the expected answer`() throws {
        var failures = Failures()
        failures.record(Answer.Problem(reason: "POST /v1/leases answered 503", detail: "pool-exhausted"))
        failures.record(Answer.Problem(reason: "POST /v1/leases answered 503", detail: "again"))
        let text = try ResultLine(kind: "lease", measurement(failures: failures)).text()
        #expect(text.contains("[\"POST /v1/leases answered 503 (2×)\",\"the first said: pool-exhausted\"]"))
    }

    @Test func `is there for a measurement that could not be made`() throws {
        let text = try ResultLine(kind: "sync", failure: "open /x: \"no\"").text()
        #expect(text.contains("\"failures\":[\"open /x: \\\"no\\\"\"]"))
        #expect(text.contains("\"per_second\":0"))
    }
}

@Suite struct `The order of work` {
    @Test func `releases what was granted`() {
        #expect(Request.grant.next(lease: 7) == .release(lease: 7))
        #expect(Request.grant.next(lease: nil) == .grant)
        #expect(Request.release(lease: 7).next(lease: nil) == .grant)
        #expect(Request.echo.next(lease: 7) == .echo)
    }

    @Test func `gives back even when it stops, and does nothing else then`() {
        #expect(Request.release(lease: 7).givesBack)
        #expect(![Request.grant, .echo, .livez].contains { $0.givesBack })
    }

    @Test func `writes a release with the lease's number`() {
        var requests = RequestBytes(endpoint: .tcp(address: "127.0.0.1", port: 1, token: "t"), session: "bench-3")
        let text = requests.withBytes(of: .release(lease: 1_020)) { String(decoding: $0, as: UTF8.self) }
        #expect(
            text == "DELETE /v1/leases/1020 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n")
    }
}
