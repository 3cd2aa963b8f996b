/// The results as Markdown, to be read in a terminal and pasted into a document.
package struct Report {
    private let results: Results
    private let bar: Bar
    private let facts: [(name: String, value: String)]

    package init(_ results: Results, bar: Bar, facts: [(name: String, value: String)]) {
        self.results = results
        self.bar = bar
        self.facts = facts
    }

    package var text: String {
        let parts = [rates, busy, disk, verdict, machine, failures]
        return parts.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    private var rates: String {
        table(
            [
                "connections", "lease+release changes/s", "p50 ms", "p99 ms", "echo/s", "p50 ms", "p99 ms", "livez/s",
                "changes/echo",
            ]
        ) { connections in
            let ratio = results.changesPerEcho(connections: connections)
            return rateAndLatencies(.lease, connections) + rateAndLatencies(.echo, connections) + [
                cell(.livez, connections, NumberText.rate) { $0.perSecond },
                ratio?.text { NumberText.fixed($0, 3) } ?? "–",
            ]
        }
    }

    private func rateAndLatencies(_ workload: Workload, _ connections: Int) -> [String] {
        [
            cell(workload, connections, NumberText.rate) { $0.perSecond },
            cell(workload, connections, NumberText.milliseconds) { percentile(0.50, of: $0) },
            cell(workload, connections, NumberText.milliseconds) { percentile(0.99, of: $0) },
        ]
    }

    /// In nanoseconds. `map(Double.init)` would take `Double(bitPattern:)`, which makes a 0 of every latency.
    private func percentile(_ share: Double, of measurement: Measurement) -> Double? {
        measurement.latencies.percentile(share).map { Double($0) }
    }

    private var busy: String {
        let columns = Workload.allCases.flatMap { ["\($0.rawValue): daemon", "generator"] }
        let rows = table(["connections"] + columns) { connections in
            Workload.allCases.flatMap { workload in
                [
                    cell(workload, connections, { NumberText.fixed($0, 2) }, { $0.daemonCores }),
                    cell(workload, connections, { NumberText.fixed($0, 2) }, { $0.generatorCores }),
                ]
            }
        }
        return "Cores kept busy (CPU seconds for each second):\n\n\(rows)"
    }

    private var disk: String? {
        Spread(results.syncsPerSecond).map { "fdatasync of 4 KiB, one after the other: \($0.text(NumberText.rate))/s" }
    }

    private var verdict: String {
        let ratio = results.changesPerEcho(connections: bar.connections)
        let measured = ratio.map { "\($0.text { NumberText.fixed($0, 3) }), " } ?? ""
        let wanted = NumberText.fixed(bar.changesPerEcho, 2)
        let word = bar.verdict(on: results).rawValue
        return "Bar: changes/s at \(bar.connections) connections ≥ \(wanted) × echo: \(measured)**\(word)**"
    }

    private var machine: String {
        let plan = results.plan
        let method =
            "rounds: \(plan.rounds), of \(NumberText.fixed(plan.duration.seconds, 1)) s for each figure; "
            + "\(NumberText.fixed(plan.warmUp.seconds, 1)) s warm-up; median (min–max) of the rounds"
        return ([("Method", method)] + facts).map { "- \($0.0): \($0.1)" }.joined(separator: "\n")
    }

    private var failures: String? {
        let lines = results.failures
        if lines.isEmpty { return nil }
        return "**FAILED**: the daemon did not give the expected answers, so the figures above mean nothing.\n\n"
            + lines.map { "- \($0)" }.joined(separator: "\n")
    }

    private func cell(
        _ workload: Workload, _ connections: Int, _ format: (Double) -> String, _ figure: (Measurement) -> Double?
    ) -> String {
        results.spread(of: workload, connections: connections, figure)?.text(format) ?? "–"
    }

    /// A table with a row for each number of connections.
    private func table(_ columns: [String], _ cells: (Int) -> [String]) -> String {
        let rows = results.plan.connections.map { ["\($0)"] + cells($0) }
        let rule = columns.map { _ in "---:" }
        return ([columns, rule] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }
}
