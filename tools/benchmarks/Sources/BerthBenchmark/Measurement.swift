/// What one measurement gave.
package struct Measurement {
    /// Right answers in the measured time; of leases, grants and releases alike.
    package let answers: UInt64
    /// The measured time, without warm-up and without the last answers waited for.
    package let duration: Nanoseconds
    /// From sending a request to its whole answer, in the measured time.
    package let latencies: LatencyHistogram
    /// The same of grants alone; empty where nothing is granted.
    package let grants: LatencyHistogram
    /// Cores that the load generator kept busy: CPU time for each second.
    package let generatorCores: Double
    /// Cores that the server kept busy; nil when its process is not known.
    package let daemonCores: Double?
    /// From the first request to the last, warm-up included.
    package let failures: Failures

    package var perSecond: Double { Double(answers) / duration.seconds }
}

/// The clocks at one end of the measured time.
struct Clocks {
    let time = Nanoseconds.now
    let own = CPUClock.own.now
    let daemon: Nanoseconds?

    init(daemon: CPUClock?) {
        self.daemon = daemon?.now
    }
}

extension Measurement {
    init(
        answers: UInt64, from start: Clocks, to end: Clocks, latencies: LatencyHistogram,
        grants: LatencyHistogram = LatencyHistogram(), failures: Failures = Failures()
    ) {
        // Never 0, though it is next to nothing where all connections broke during the warm-up.
        let elapsed = max(1, end.time - start.time)
        var daemonCores: Double?
        // A process that ended meanwhile has no clock any more.
        if let from = start.daemon, let to = end.daemon, to >= from {
            daemonCores = (to - from).seconds / elapsed.seconds
        }
        self.init(
            answers: answers, duration: elapsed, latencies: latencies, grants: grants,
            generatorCores: (end.own - start.own).seconds / elapsed.seconds, daemonCores: daemonCores,
            failures: failures)
    }
}
