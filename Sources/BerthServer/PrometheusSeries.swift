import CoreMetrics
import Synchronization

/// A count that only grows.
final class PrometheusCounter: CounterHandler {
    private let total = Atomic<Int64>(0)

    var value: Int64 { total.load(ordering: .relaxed) }

    func increment(by amount: Int64) { total.add(amount, ordering: .relaxed) }
    func reset() { total.store(0, ordering: .relaxed) }
}

/// A value that was last seen.
final class PrometheusGauge: RecorderHandler {
    private let last = Mutex(0.0)

    var value: Double { last.withLock { $0 } }

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { last.withLock { $0 = value } }
}

/// Values in buckets.
final class PrometheusHistogram: RecorderHandler, TimerHandler {
    /// From 100 µs to 10 s.
    static let seconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Sizes of batches.
    static let counts: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    private struct State {
        var buckets: [Int64]
        var sum = 0.0
        var count: Int64 = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(buckets: Array(repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { state in
            if let bucket = bounds.firstIndex(where: { value <= $0 }) { state.buckets[bucket] += 1 }
            state.sum += value
            state.count += 1
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    /// The lines of the exposition format: cumulative buckets, then sum and count.
    func lines(_ series: PrometheusRegistry.Series) -> [String] {
        let state = state.withLock { $0 }
        var below: Int64 = 0
        var lines: [String] = []
        for (bound, count) in zip(bounds, state.buckets) {
            below += count
            lines.append("\(series.name("_bucket", ["le=\"\(number(bound))\""])) \(below)")
        }
        lines.append("\(series.name("_bucket", ["le=\"+Inf\""])) \(state.count)")
        lines.append("\(series.name("_sum")) \(state.sum)")
        lines.append("\(series.name("_count")) \(state.count)")
        return lines
    }
}
