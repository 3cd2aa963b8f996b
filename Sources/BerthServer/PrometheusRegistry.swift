package import CoreMetrics
import Synchronization

/// Keeps the daemon's metrics and writes them in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
package final class PrometheusRegistry: MetricsFactory {
    struct Series: Hashable {
        let label: String
        let dimensions: [String]

        init(_ label: String, _ dimensions: [(String, String)]) {
            self.label = label
            self.dimensions = dimensions.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
        }

        private static func escaped(_ value: String) -> String {
            value.reduce(into: "") { text, character in
                switch character {
                case "\\": text += "\\\\"
                case "\"": text += "\\\""
                case "\n": text += "\\n"
                default: text.append(character)
                }
            }
        }

        /// The series as a line begins, with more labels where it needs them.
        func name(_ suffix: String = "", _ more: [String] = []) -> String {
            let all = dimensions + more
            return label + suffix + (all.isEmpty ? "" : "{\(all.joined(separator: ","))}")
        }
    }

    private struct State {
        var counters: [Series: PrometheusCounter] = [:]
        var gauges: [Series: PrometheusGauge] = [:]
        var histograms: [Series: PrometheusHistogram] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        state.withLock { $0.counters.handler(Series(label, dimensions)) { PrometheusCounter() } }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let series = Series(label, dimensions)
        return state.withLock { state -> any RecorderHandler in
            aggregate
                ? state.histograms.handler(series) { PrometheusHistogram(bounds: PrometheusHistogram.counts) }
                : state.gauges.handler(series) { PrometheusGauge() }
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        state.withLock { state in
            state.histograms.handler(Series(label, dimensions)) {
                PrometheusHistogram(bounds: PrometheusHistogram.seconds)
            }
        }
    }

    // Series live as long as the daemon: there are few, and Prometheus wants a counter to go on.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything, a family after the other, in order of names.
    package func text() -> String {
        let state = state.withLock { $0 }
        var families: [String: (type: String, lines: [String])] = [:]
        for (series, counter) in state.counters {
            families[series.label, default: ("counter", [])].lines.append("\(series.name()) \(counter.value)")
        }
        for (series, gauge) in state.gauges {
            families[series.label, default: ("gauge", [])].lines.append("\(series.name()) \(number(gauge.value))")
        }
        for (series, histogram) in state.histograms {
            families[series.label, default: ("histogram", [])].lines += histogram.lines(series)
        }
        return families.sorted { $0.key < $1.key }.map { label, family in
            let lines = family.type == "histogram" ? family.lines : family.lines.sorted()
            return "# TYPE \(label) \(family.type)\n" + lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}

extension Dictionary {
    fileprivate mutating func handler(_ key: Key, _ make: () -> Value) -> Value {
        if let found = self[key] { return found }
        let made = make()
        self[key] = made
        return made
    }
}

/// A whole number without decimals, anything else with them.
func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
}
