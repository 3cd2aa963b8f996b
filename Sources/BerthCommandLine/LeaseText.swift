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
        var lines: [(String, String)] = [
            ("Lease", String(id)), ("Session", session), ("Name", name ?? "-"), ("Pool", pool),
            ("Ports", count == 1 ? portsText : "\(portsText) (\(count))"), ("State", state),
            ("Principal", principal),
        ]
        if let owner {
            let life = endedAt == nil ? (owner.alive ? ", alive" : ", gone") : ""
            lines.append(("Owner", "process \(owner.pid)\(life)"))
        }
        for agent in agents {
            let process = agent.pid.map { ", process \($0)" } ?? ""
            lines.append(("Agent", "\(agent.name) on \(agent.port), \(agent.state)\(process)"))
        }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) { lines.append(("Label", "\(key)=\(value)")) }
        lines.append(("Leased", moment(createdAt, now)))
        if renewedAt != createdAt { lines.append(("Renewed", moment(renewedAt, now))) }
        if let endedAt {
            lines.append(("Ended", moment(endedAt, now) + (endReason.map { ": \($0)" } ?? "")))
        } else {
            lines.append(("Expires", expiresAt.map { moment($0, now) } ?? "never\(pinned ? ", pinned" : "")"))
        }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { title, value in
            let gap = String(repeating: " ", count: width - title.count + 2)
            let look = title == "State" ? TerminalStyle.Look.state(value) : .plain
            return style.text(title, .title) + gap + style.text(value, look) + "\n"
        }.joined()
    }

    private func moment(_ instant: String, _ now: Instant) -> String {
        "\(instant) (\(RelativeTime.text(instant, now: now)))"
    }
}
