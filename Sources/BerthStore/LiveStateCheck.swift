import BerthCore
import FoundationEssentials
import GRDB

/// The rules that live rows must keep before a daemon serves them. It reads live rows only, so that its cost does not
/// grow with history; the whole file is for `PRAGMA quick_check` in `berth doctor`.
struct LiveStateCheck {
    let db: Database

    /// - Throws: ``ErrorCode/configuration`` that names the first broken rule and the row that breaks it.
    func run() throws {
        try checkPages()
        for rule in Self.rules {
            if let witness = try String.fetchOne(db, sql: rule.counterexample) {
                throw BerthError(
                    .configuration,
                    "The database breaks a rule: \(rule.says), but \(witness). It is not served, and the file was"
                        + " left as it is. Restore a backup, or mend the row with the sqlite3 shell.")
            }
        }
        try checkAuditTail()
    }

    /// A statement that finds a row which breaks the rule, and tells it in words.
    private struct Rule {
        let says: String
        let counterexample: String
    }

    private static let rules = [
        Rule(
            says: "a leased port's lease is active and covers it",
            counterexample: """
                SELECT 'port ' || ports.port || ' is in lease ' || ports.lease_id
                FROM ports LEFT JOIN leases ON leases.id = ports.lease_id
                WHERE ports.lease_id IS NOT NULL AND NOT COALESCE(leases.state = 'active'
                    AND ports.port BETWEEN leases.first_port AND leases.first_port + leases.count - 1, 0)
                LIMIT 1
                """),
        Rule(
            says: "an active lease holds exactly its ports",
            counterexample: """
                SELECT 'lease ' || id || ' does not' FROM leases
                WHERE state = 'active' AND count <> (
                    SELECT count(*) FROM ports
                    WHERE port BETWEEN leases.first_port AND leases.first_port + leases.count - 1
                        AND lease_id = leases.id)
                LIMIT 1
                """),
        Rule(
            says: "a lease whose owner has ended has a running agent",
            counterexample: """
                SELECT 'lease ' || id || ' has none' FROM leases
                WHERE state = 'active' AND owner_exited_at IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM agents WHERE lease_id = leases.id AND agents.state = 'running')
                LIMIT 1
                """),
        Rule(
            says: "an active lease's session is active",
            counterexample: """
                SELECT 'lease ' || leases.id || ' has none' FROM leases
                LEFT JOIN sessions ON sessions.id = leases.session_id
                WHERE leases.state = 'active' AND sessions.state IS NOT 'active' LIMIT 1
                """),
        Rule(
            says: "a session counts its active leases and their ports",
            counterexample: """
                SELECT 'session ' || name || ' does not' FROM sessions
                WHERE state = 'active' AND (lease_count, port_count) <> (
                    SELECT count(*), COALESCE(sum(count), 0) FROM leases
                    WHERE session_id = sessions.id AND state = 'active' AND +id > 0)
                LIMIT 1
                """),
        Rule(
            says: "an active session has a lease, or sleeps without its template's",
            counterexample: """
                SELECT 'session ' || name || ' does not' FROM sessions
                WHERE state = 'active' AND ((lease_count = 0 AND has_released = 0) OR (has_released = 1 AND EXISTS (
                    SELECT 1 FROM leases
                    WHERE session_id = sessions.id AND state = 'active' AND leases.name = 'template:' || template)))
                LIMIT 1
                """),
        Rule(
            says: "the active sessions are counted",
            counterexample: """
                SELECT 'the count is ' || COALESCE((SELECT active_sessions FROM host), 'missing')
                WHERE (SELECT active_sessions FROM host) IS NOT (
                    SELECT count(*) FROM sessions WHERE state = 'active')
                """),
        Rule(
            says: "the waiting tickets and the slots that they hold are counted",
            counterexample: """
                SELECT 'the counts are ' || waiting || ' and ' || held_slots FROM host
                WHERE (waiting, held_slots) <> (
                    SELECT count(*), COALESCE(sum(holds_slot), 0) FROM tickets WHERE state = 'waiting')
                """),
        Rule(
            says: "a session that waits for ports holds one slot, by being active or by one ticket",
            counterexample: """
                SELECT 'session ' || session || ' holds ' || sum(holds_slot) FROM tickets
                WHERE state = 'waiting' AND turn IS NOT NULL
                GROUP BY session, principal
                HAVING sum(holds_slot) <> NOT EXISTS (
                    SELECT 1 FROM sessions
                    WHERE name = tickets.session AND principal = tickets.principal AND state = 'active')
                LIMIT 1
                """),
        Rule(
            says: "no turn is behind the last one that was given",
            counterexample: """
                SELECT 'ticket ' || id || ' has turn ' || turn FROM tickets
                WHERE state = 'waiting' AND turn > (SELECT last_turn FROM host) LIMIT 1
                """),
    ]

    private func checkPages() throws {
        for table in ["ports", "pools", "host", "tokens"] {
            let answers = try String.fetchAll(db, sql: "PRAGMA quick_check(\(table))")
            guard answers == ["ok"] else {
                throw BerthError(
                    .configuration,
                    "The database is damaged (\(answers.first ?? "no answer")). It is not served, and the file was"
                        + " left as it is. Restore a backup.")
            }
        }
    }

    /// The last records of the audit still follow from each other.
    private func checkAuditTail() throws {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY seq DESC LIMIT 257").reversed() as [Row]
        guard let first = rows.first else {
            guard try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM sessions)") == true else { return }
            throw BerthError(
                .configuration,
                "The audit is empty, but there are sessions: its records were removed. The database is not served,"
                    + " and the file was left as it is. Restore a backup.")
        }
        var (previous, rest) = (first["hash"] as Data, rows.dropFirst())
        if rows.count <= 256 {
            // It is the whole audit: it begins with the first record, or behind the cut.
            let cut = try AuditCut.last(db)
            if first["seq"] == 1 || cut.map({ first["seq"] == $0.seq + 1 }) ?? false {
                (previous, rest) = (first["seq"] == 1 ? Data(repeating: 0, count: 32) : cut?.hash ?? Data(), rows[...])
            } else if first["seq"] > cut?.seq ?? 0 {
                throw Self.broken(first["seq"])
            }
        }
        for row in rest {
            let hash: Data = row["hash"]
            guard let record = try AuditRecord(row), AuditChain.hash(of: record, after: previous) == hash else {
                throw Self.broken(row["seq"])
            }
            previous = hash
        }
    }

    private static func broken(_ seq: Int64) -> BerthError {
        BerthError(
            .configuration,
            "Audit record \(seq) does not follow from the one before it: it was changed, or one was removed. The"
                + " database is not served, and the file was left as it is. Restore a backup.")
    }
}
