package import BerthAPI
package import BerthCore

extension PortHistoryResource {
    /// `berth why --at`: whose the port was then, since when and until when, and what the audit says around that moment.
    /// - Parameters:
    ///   - before: the last records about the port up to that moment, oldest first.
    ///   - after: the first ones behind it.
    package func explanation(
        before: [AuditRecordResource], after: [AuditRecordResource], now: Instant, _ style: TerminalStyle
    ) -> String {
        var lines = DetailLines()
        lines.add("Port", String(port))
        lines.add("At", RelativeTime.both(at, now: now))
        if let lease {
            lines.add("Held by", "lease \(lease.id) of session \(lease.session)", .good)
            if let name = lease.name { lines.add("Named", name) }
            lines.add("Ports", lease.portsText)
            lines.add("Principal", lease.principal)
            lines.add("Leased", RelativeTime.both(lease.createdAt, now: now))
            if let end = lease.endedAt {
                lines.add(
                    "Ended",
                    "\(lease.state) \(RelativeTime.both(end, now: now))" + (lease.endReason.map { ": \($0)" } ?? ""))
            } else {
                lines.add("Ended", "not yet")
            }
        } else if leased {
            lines.add("Held by", "another user's lease")
        } else {
            lines.add("Held by", "nobody")
        }
        if let evidence = before.last {
            lines.add("Evidence", evidence.evidence)
        } else if !leased {
            lines.add("Evidence", "no record that you may see tells of the port up to then")
        }
        let records = before + after
        guard !records.isEmpty else { return lines.text(style) }
        return lines.text(style) + "\n" + TextTable.records(records, now: now).text(style)
    }
}

extension AuditRecordResource {
    /// The record in words, and under which request it was written.
    fileprivate var evidence: String {
        "record \(seq), \(event) \(at) by \(principal)" + (requestID.map { " (request \($0))" } ?? "")
    }
}
