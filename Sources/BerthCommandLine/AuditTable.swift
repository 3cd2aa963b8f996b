package import BerthAPI
package import BerthCore

extension TextTable {
    /// `berth audit`: each record with when it was, and why.
    package static func records(_ records: [AuditRecordResource], now: Instant) -> TextTable {
        var table = TextTable(
            ["WHEN", "SEQ", "EVENT", "LEASE", "SESSION", "PORTS", "WHO", "WHY"], numeric: ["SEQ", "LEASE"])
        for record in records {
            table.add([
                Cell(RelativeTime.text(record.at, now: now)), Cell(String(record.seq)),
                Cell(record.event, record.look), Cell(record.leaseID.map { String($0) } ?? "-"),
                Cell(record.session ?? "-"), Cell(record.portsText), Cell(record.principal), Cell(record.why),
            ])
        }
        return table
    }
}

extension AuditRecordResource {
    /// One line of `berth audit -f`, where no later line may change an earlier one's columns.
    package func followedLine(_ style: TerminalStyle) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        let columns = [
            at, style.text(padded(event, 16), look), padded(leaseID.map { String($0) } ?? "-", 6),
            padded(session ?? "-", 16), padded(portsText, 11), padded(principal, 8), why,
        ]
        return columns.joined(separator: "  ") + "\n"
    }

    /// `20010-20015`, the one port, or `-`.
    package var portsText: String {
        guard let firstPort else { return "-" }
        let count = count ?? 1
        return count <= 1 ? "\(firstPort)" : "\(firstPort)-\(firstPort + count - 1)"
    }

    /// The reason, with the agent or process that it is about.
    package var why: String {
        let subject = agent.map { name in "agent \(name)" + (pid.map { " (PID \($0))" } ?? "") }
        return [subject, reason].compactMap { $0 }.joined(separator: ": ").nonEmpty ?? "-"
    }

    fileprivate var look: TerminalStyle.Look {
        switch event {
        case "lease.granted", "port.recovered": .good
        case "lease.expired", "lease.orphaned", "port.quarantined", "port.foreign": .bad
        case "daemon.started", "daemon.stopped", "pool.changed": .faint
        default: .plain
        }
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
