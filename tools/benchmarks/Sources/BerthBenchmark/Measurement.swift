/// What one workload on one number of connections gave in one round.
package struct Measurement {
    /// Right answers in the measured time; of leases, grants and releases alike.
    package let answers: UInt64
    /// The measured time, without warm-up and without the last answers waited for.
    package let duration: Nanoseconds
    /// From sending a request to its whole answer, in the measured time.
    package let latencies: LatencyHistogram
    /// Cores that the load generator kept busy: CPU time for each second.
    package let generatorCores: Double
    /// Cores that the daemon kept busy; nil when its process is not known.
    package let daemonCores: Double?
    /// From the first request to the last, warm-up included.
    package let failures: Failures

    package var perSecond: Double { Double(answers) / duration.seconds }
}
