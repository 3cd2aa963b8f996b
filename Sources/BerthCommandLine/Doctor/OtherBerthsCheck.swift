package import BerthCore

/// Whether another Berth of this network namespace manages the same ports.
package struct OtherBerthsCheck: DoctorCheck {
    package static let name = "other-berths"

    let pools: [Pool]
    let others: [(range: PortBlock, pid: Int32)]

    /// - Parameter others: ranges that processes have marked, without those of this database's own daemon.
    package init(pools: [Pool], others: [(range: PortBlock, pid: Int32)]) {
        self.pools = pools
        self.others = others
    }

    package var findings: [Finding] {
        let overlaps = others.compactMap { other -> Finding? in
            guard let range = pools.flatMap(\.ranges).first(where: { $0.overlaps(other.range) }) else { return nil }
            return finding(
                .warning,
                "Another Berth, process \(other.pid), manages \(other.range), which overlaps our \(range): each takes"
                    + " the other's programs for strangers, and both may grant a port before either binds it.",
                mend: "give each a range of its own with --pool, or stop process \(other.pid)")
        }
        guard overlaps.isEmpty else { return overlaps }
        let apart = Set(others.map(\.pid)).count
        return [finding(.ok, "No other Berth manages our ports\(apart == 0 ? "" : "; \(apart) manage others").")]
    }
}
