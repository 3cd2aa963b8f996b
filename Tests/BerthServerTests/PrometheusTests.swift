import CoreMetrics
import Testing

@testable import BerthServer

@Suite struct `The metrics page` {
    @Test func `shows counters, gauges and histograms in the text format`() {
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "berth_things_total", dimensions: [("kind", "a \"b\"\n")]).increment(by: 2)
        registry.makeRecorder(label: "berth_level", dimensions: [], aggregate: false).record(1.5)
        let timer = registry.makeTimer(label: "berth_seconds", dimensions: [("route", "/x")])
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(20_000_000_000)
        let lines = registry.text().split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE berth_things_total counter"))
        #expect(lines.contains("berth_things_total{kind=\"a \\\"b\\\"\\n\"} 2"))
        #expect(lines.contains("berth_level 1.5"))
        #expect(lines.contains("berth_seconds_bucket{route=\"/x\",le=\"0.001\"} 0"))
        #expect(lines.contains("berth_seconds_bucket{route=\"/x\",le=\"0.0025\"} 1"))
        #expect(lines.contains("berth_seconds_bucket{route=\"/x\",le=\"+Inf\"} 2"))
        #expect(lines.contains("berth_seconds_count{route=\"/x\"} 2"))
    }

    @Test func `keeps one series for each label and dimension`() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 { registry.makeCounter(label: "n_total", dimensions: [("a", "1")]).increment(by: 1) }
        registry.makeCounter(label: "n_total", dimensions: [("a", "2")]).increment(by: 5)
        #expect(registry.text() == "# TYPE n_total counter\nn_total{a=\"1\"} 3\nn_total{a=\"2\"} 5\n")
    }
}
