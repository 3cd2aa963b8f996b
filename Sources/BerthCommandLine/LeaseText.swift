package import BerthAPI
package import BerthCore

extension LeaseResource {
    /// `20010-20015`, or the one port.
    package var portsText: String {
        count == 1 ? "\(firstPort)" : "\(firstPort)-\(firstPort + count - 1)"
    }

    /// `in 59m`, `never`, or of an ended lease when it ended.
    package func expiryText(now: Instant) -> String {
        if let endedAt { return "ended \(RelativeTime.text(endedAt, now: now))" }
        return expiresAt.map { RelativeTime.text($0, now: now) } ?? "never"
    }

    /// A sentence for a terminal about when the lease ends by itself, and what to do about it.
    package func expiryNotice(now: Instant) -> String {
        guard let expiresAt else {
            let holder = owner.map { "as long as process \($0.pid) lives" } ?? "until it is released"
            return "Lease \(id) of session \(session) holds \(holder). Give it back with: berth release \(id)"
        }
        return "Lease \(id) of session \(session) expires \(RelativeTime.text(expiresAt, now: now)) (\(expiresAt))."
            + " Renew it with: berth renew \(id)"
    }

    /// `berth show`: a line for each thing that is known.
    package func details(now: Instant, _ style: TerminalStyle) -> String {
        var lines = DetailLines()
        lines.add("Lease", String(id))
        lines.add("Session", session)
        lines.add("Name", name ?? "-")
        lines.add("Pool", pool)
        lines.add("Ports", count == 1 ? portsText : "\(portsText) (\(count))")
        lines.add("State", state, .state(state))
        lines.add("Principal", principal)
        addProcesses(to: &lines)
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) { lines.add("Label", "\(key)=\(value)") }
        lines.add("Leased", RelativeTime.both(createdAt, now: now))
        if renewedAt != createdAt { lines.add("Renewed", RelativeTime.both(renewedAt, now: now)) }
        if let endedAt {
            lines.add("Ended", RelativeTime.both(endedAt, now: now) + (endReason.map { ": \($0)" } ?? ""))
        } else {
            lines.add("Expires", expiry(now: now))
        }
        return lines.text(style)
    }

    /// When it expires, as an instant and from now; `never` when it does not.
    package func expiry(now: Instant) -> String {
        expiresAt.map { RelativeTime.both($0, now: now) } ?? "never\(pinned ? ", pinned" : "")"
    }

    /// Adds the owner and the agents with their processes.
    package func addProcesses(to lines: inout DetailLines) {
        if let owner {
            let life = endedAt == nil ? (owner.alive ? ", alive" : ", gone") : ""
            lines.add("Owner", "process \(owner.pid)\(life)")
        }
        for agent in agents {
            let process = agent.pid.map { ", process \($0)" } ?? ""
            lines.add("Agent", "\(agent.name) on \(agent.port), \(agent.state)\(process)")
        }
    }
}
