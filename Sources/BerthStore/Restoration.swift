import BerthCore
import GRDB

/// The first opening of a backup that was put in the database's place.
///
/// Between the backup and now, numbers may have been given out and ports leased that it knows nothing of. So numbers go on
/// far beyond, leases whose processes are gone end, and every port that it has as free rests until a sweep has looked at it.
struct Restoration {
    /// How far numbers jump: more grants than any daemon makes between a backup and its restoration.
    static let jump: Int64 = 1 << 32

    let store: LeaseStore
    let transaction: WriteTransaction
    let context: ChangeContext

    /// Tells of the restoration in the first record, from which on numbers are new ones.
    /// - Returns: nil for a file that is no backup, or was opened since.
    init?(_ store: LeaseStore, _ transaction: WriteTransaction, _ context: ChangeContext) throws {
        (self.store, self.transaction, self.context) = (store, transaction, context)
        guard let stamp = try transaction.row("SELECT at, seq FROM backup_stamp") else { return nil }
        let made = Instant(milliseconds: stamp["at"])
        for table in ["leases", "sessions", "tickets", "tokens"] {
            try transaction.execute(
                """
                INSERT INTO sqlite_sequence (name, seq)
                SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)
                """, [table])
            try transaction.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", [Self.jump, table])
        }
        try transaction.execute("DELETE FROM backup_stamp")
        transaction.jump(by: Self.jump)
        try transaction.audit(
            context.entry(
                .daemonRestored, reason: "from the backup of \(made), whose last record is \(stamp["seq"] as Int64)"))
    }

    /// Ends what nobody holds any more, and lets the other ports rest.
    func run() throws {
        let held = try store.fetchLeases(
            "leases.state = 'active' AND leases.owner_pid IS NOT NULL ORDER BY leases.id", [], transaction.db)
        for lease in held {
            let dead = lease.liveProcesses.filter { !store.processes.isAlive($0) }
            _ = try transaction.note(dead.map { Death($0, .look) }, of: lease, context, store)
        }
        let reason = "restored from a backup, which does not know who had it since"
        let rows = try transaction.rows(
            """
            UPDATE ports SET state = 'quarantined', rest_boot = ?1, rest_since = ?3, rest_reason = ?4,
                rest_boot_ms = ?2 + COALESCE((SELECT quarantine_ms FROM pools WHERE name = ports.pool), 0)
            WHERE state = 'free'
            RETURNING port, pool
            """,
            [store.boots.current, transaction.now.boot.milliseconds, transaction.now.wall.milliseconds, reason])
        let ports = try Dictionary(grouping: rows) { try $0.checked("pool") as PoolName }
        for (pool, rows) in ports.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for run in PortBlock.runs(of: try rows.map { try $0.port("port") }.sorted()) {
                var entry = context.entry(.portQuarantined, reason: reason)
                entry.pool = pool
                entry.block = run
                entry.details.rest = AuditDetails.Rest(from: transaction.now)
                try transaction.audit(entry)
            }
        }
    }
}
