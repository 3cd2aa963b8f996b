/// One thing done over and over by this thread, as fast as it goes.
enum Repetition {
    /// Repeats `body` for the warm-up and then for the measured time.
    /// - Parameter answers: how many changes each repetition counts as.
    static func measure(
        warmUp: Nanoseconds = 0, duration: Nanoseconds, answers: Int = 1, _ body: () throws(BenchmarkError) -> Void
    ) throws(BenchmarkError) -> Measurement {
        let warm = Nanoseconds.now + warmUp
        while Nanoseconds.now < warm { try body() }

        var latencies = LatencyHistogram()
        let start = Clocks(daemon: nil)
        let deadline = start.time + duration
        var before = Nanoseconds.now
        repeat {
            try body()
            let after = Nanoseconds.now
            latencies.record(after - before)
            before = after
        } while before < deadline
        return Measurement(
            answers: latencies.count * UInt64(answers), from: start, to: Clocks(daemon: nil), latencies: latencies)
    }
}
