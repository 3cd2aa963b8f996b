package import BerthAPI

extension TextTable {
    /// `berth reap`: each decision with its evidence.
    package static func decisions(_ decisions: [ReapDecision]) -> TextTable {
        var table = TextTable(
            ["ACTION", "LEASE", "SESSION", "POOL", "PORTS", "AGENT", "PID", "EVIDENCE"], numeric: ["LEASE"])
        for decision in decisions {
            table.add([
                Cell(decision.action.rawValue, decision.action.look), Cell(decision.leaseID.map(String.init) ?? "-"),
                Cell(decision.session ?? "-"), Cell(decision.pool ?? "-"), Cell(decision.portsText),
                Cell(decision.agent ?? "-"), Cell(decision.pid.map { String($0) } ?? "-"), Cell(decision.evidence),
            ])
        }
        return table
    }
}

extension ReapReport {
    /// A sentence for a terminal: how much was decided, and whether it was done.
    package var summary: String {
        guard !decisions.isEmpty else { return "There is nothing to reap." }
        let counts = ReapDecision.Action.allCases.compactMap { action in
            let count = decisions.count { $0.action == action }
            return count == 0 ? nil : "\(action.rawValue) \(count)"
        }
        return (dryRun ? "Would: " : "Done: ") + counts.joined(separator: ", ") + "."
            + (dryRun ? " Nothing was changed; do it with: berth reap" : "")
    }
}

extension ReapDecision {
    /// `20010-20015`, the one port, or `-`.
    fileprivate var portsText: String {
        guard let firstPort else { return "-" }
        let count = count ?? 1
        return count <= 1 ? "\(firstPort)" : "\(firstPort)-\(firstPort + count - 1)"
    }
}

extension ReapDecision.Action {
    fileprivate var look: TerminalStyle.Look {
        switch self {
        case .orphan, .expire, .foreign: .bad
        case .recover: .good
        case .keep: .faint
        case .exit: .plain
        }
    }
}
