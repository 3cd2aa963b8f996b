package import BerthCore

/// Whether the configuration says what the database was last served with.
package struct PoolsCheck: DoctorCheck {
    package static let name = "pools"

    let configured: [Pool]
    let stored: [Pool]?

    /// - Parameter stored: the pools in the database; nil when they could not be read, or there is no database.
    package init(configured: [Pool], stored: [Pool]?) {
        self.configured = configured
        self.stored = stored
    }

    package var findings: [Finding] {
        let names = configured.map { "\($0.name)=\(ranges($0))" }.joined(separator: " ")
        guard let stored else { return [finding(.ok, "Pools by the configuration: \(names).")] }
        let before = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
        let now = Dictionary(uniqueKeysWithValues: configured.map { ($0.name, $0) })
        let changes = Set(before.keys).union(now.keys).sorted { $0.rawValue < $1.rawValue }.compactMap { name in
            change(name, before[name], now[name])
        }
        guard changes.isEmpty else { return changes }
        return [finding(.ok, "Configuration and database have the same pools: \(names).")]
    }

    private func change(_ name: PoolName, _ before: Pool?, _ now: Pool?) -> Finding? {
        guard before != now else { return nil }
        let sight = "as seen from here (flags, environment and file)"
        let mend = "give berth doctor the --pool, --exclude and --config of berth serve, or mend the configuration"
        return switch (before, now) {
        case (let before?, let now?) where ranges(before) != ranges(now):
            finding(
                .note, "Pool \(name) was served as \(ranges(before)), the configuration \(sight) says \(ranges(now)).",
                mend: mend)
        case (_?, _?):
            finding(.note, "Pool \(name) was served with other bounds than the configuration \(sight) has.", mend: mend)
        case (let before?, nil):
            finding(
                .note, "Pool \(name) (\(ranges(before))) is not in the configuration \(sight); a start so removes it.",
                mend: mend)
        default: finding(.note, "Pool \(name) is new; the next start adds it.")
        }
    }

    private func ranges(_ pool: Pool) -> String { pool.ranges.map(\.description).joined(separator: ",") }
}
