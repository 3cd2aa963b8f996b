package import BerthAPI
package import BerthCore

extension PortResource {
    /// `berth why`: what the port is, since when and on what evidence, whose it is, and what is bound to it now.
    package func explanation(now: Instant, _ style: TerminalStyle) -> String {
        var lines = DetailLines()
        lines.add("Port", String(port))
        lines.add("State", stateText, look)
        if let pool { lines.add("Pool", pool) }
        if let since { lines.add("Since", RelativeTime.both(since, now: now)) }
        if let reason { lines.add("Why", reason) }
        if let restsUntil {
            lines.add("Rests until", RelativeTime.both(restsUntil, now: now) + ", and as long as it is bound")
        }
        addLease(to: &lines, now: now)
        addListeners(to: &lines)
        return lines.text(style)
    }

    private func addLease(to lines: inout DetailLines, now: Instant) {
        if let lease {
            lines.add("Lease", "\(lease.id), ports \(lease.portsText)")
            lines.add("Session", lease.session + (lease.name.map { ", lease named \($0)" } ?? ""))
            lines.add("Principal", lease.principal)
            lines.add("Leased", RelativeTime.both(lease.createdAt, now: now))
            lines.add("Expires", lease.expiry(now: now))
            lease.addProcesses(to: &lines)
        } else if state == "leased" {
            lines.add("Lease", "another user's")
        }
        if let last = lastLease {
            let name = last.name.map { ", named \($0)" } ?? ""
            lines.add("Last lease", "\(last.id) of session \(last.session)\(name), ports \(last.portsText)")
            let end = last.endedAt.map { " \(RelativeTime.both($0, now: now))" } ?? ""
            lines.add("Ended", "\(last.state)\(end)" + (last.endReason.map { ": \($0)" } ?? ""))
        }
    }

    /// One line for each socket; two sockets of one process on one address tell nothing more.
    private func addListeners(to lines: inout DetailLines) {
        let title = state == "quarantined" ? "Still held by" : "Bound by"
        var told: Set<String> = []
        for listener in listeners.map(ListenerText.line) where told.insert(listener).inserted {
            lines.add(title, listener)
        }
        guard listeners.isEmpty else { return }
        // Of somebody else's ports the daemon tells the state alone.
        let isHidden = state == "leased" && lease == nil || state == "foreign"
        lines.add(title, isHidden ? "nothing that you may see" : "nothing")
    }

    private var stateText: String {
        switch state {
        case "unmanaged": "unmanaged: it is in no pool"
        case "foreign": "foreign: something holds it without a lease"
        case "quarantined": "quarantined: it is not granted yet"
        default: state
        }
    }

    private var look: TerminalStyle.Look {
        switch state {
        case "free": .good
        case "quarantined", "foreign": .bad
        case "unmanaged": .faint
        default: .plain
        }
    }
}
