/// Whether the database is whole: pages, indexes, references, the rules of live rows and the audit's chain.
package struct DatabaseCheck: DoctorCheck {
    package static let name = "database"

    /// What a look at the file brought.
    package enum State: Sendable {
        /// There is none yet.
        case absent
        /// It could not be looked at, with the reason and what to do.
        case unreadable(String)
        case examined(damage: [String], pendingMigrations: [String], auditRecords: Int)
    }

    let path: String
    let state: State

    /// - Parameter path: the database's file.
    package init(path: String, _ state: State) {
        self.path = path
        self.state = state
    }

    package var findings: [Finding] {
        switch state {
        case .absent: [finding(.note, "There is no database \(path) yet; berth serve makes it.")]
        case .unreadable(let reason): [finding(.problem, reason)]
        case .examined(let damage, let pending, let records): examined(damage, pending, records)
        }
    }

    private func examined(_ damage: [String], _ pending: [String], _ records: Int) -> [Finding] {
        guard damage.isEmpty else {
            return damage.map { words in
                finding(
                    .problem, "\(path): \(words)",
                    mend: "stop the daemon and keep a copy of \(path) and its -wal; then restore a backup, or mend the"
                        + " row with the sqlite3 shell")
            }
        }
        guard pending.isEmpty else {
            return [
                finding(
                    .note, "\(path) is an older Berth's; the next start applies \(pending.joined(separator: ", ")).",
                    mend: "berth migrate")
            ]
        }
        return [
            finding(
                .ok,
                "\(path) is whole: pages, indexes, live rows, and \(records) audit records that follow from each"
                    + " other.")
        ]
    }
}
