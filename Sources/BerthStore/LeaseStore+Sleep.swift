package import BerthCore
import GRDB

/// Sessions of templates that sleep without a lease.
///
/// Such a session is active and holds its name and its slot; it has no ports. What its lease said of its end goes on counting
/// in its own row.
extension LeaseStore {
    /// Releases the lease that a session's agents ran on, and has the session sleep: one transaction. Its agents have been
    /// stopped before.
    ///
    /// - Parameters:
    ///   - row: the session's, so that a later one of the same name stays as it is.
    ///   - earlier: the phases that it may come from.
    /// - Returns: false when it stands in another phase, or has that lease no more, which changes nothing.
    package func sleep(
        _ row: Int64, releasing id: LeaseID, from earlier: Set<SessionPhase>, reason: String,
        _ context: ChangeContext
    ) async throws(BerthError) -> Bool {
        try await queue.submit(as: .housekeeping) { transaction in
            guard
                let found = try transaction.row(
                    """
                    SELECT sessions.* FROM sessions JOIN leases ON leases.session_id = sessions.id
                    WHERE sessions.id = ? AND sessions.state = 'active' AND template IS NOT NULL AND has_released = 0
                        AND leases.id = ? AND leases.state = 'active' AND leases.name = 'template:' || template
                    """, [row, id.number]),
                case let session = try session(found), let template = session.template,
                earlier.contains(template.phase), let lease = try lease(id, transaction.db),
                case .active(let expiry) = lease.state
            else { return false }
            // Whoever follows knows of the sleeper before its lease is gone.
            transaction.follow(.slept(session))
            let terms = SleepTerms(expiry: expiry, ttlMilliseconds: lease.ttlMilliseconds)
            try transaction.rest(session, terms, reason: reason, context, self)
            _ = try transaction.end(
                lease, .released, reason: "its session sleeps, and its ports are for others", context, self)
            return true
        }
    }

    /// Ends a session, if it is that one still and sleeps without a lease; see ``endSession(_:_:)``.
    /// - Returns: false when it does not, which changes nothing.
    package func endSleeper(
        _ row: Int64, _ context: ChangeContext
    ) async throws(BerthError) -> Bool {
        try await queue.submit(as: .givesBack) { transaction in
            guard let sleeper = try transaction.sleeper(row, self), context.caller.maySee(sleeper.principal) else {
                return false
            }
            _ = try endActiveSession(sleeper, transaction, context)
            return true
        }
    }

    /// The active sessions that sleep without a lease, in ascending order of their rows.
    package func sleepers() async throws(BerthError) -> [Session] {
        try await templateSessions().filter { $0.template?.rest != nil }
    }

    /// Ends sessions whose time is over, unless others of their leases live on.
    func expireSleepers(limit: Int, _ transaction: WriteTransaction, _ context: ChangeContext) throws {
        guard limit > 0 else { return }
        let due = try transaction.rows(
            """
            SELECT id FROM sessions WHERE asleep_boot_ms <= ? AND lease_count = 0 ORDER BY asleep_boot_ms LIMIT ?
            """, [transaction.now.boot.milliseconds, limit])
        for row in due {
            try transaction.endSleeper(row["id"], reason: "its TTL ran out while it slept", context, self)
        }
    }

    /// Deadlines of sleeping sessions come from the clock of the boot in which they were set; see ``TTLRules``.
    func reconcileSleepers(_ transaction: WriteTransaction, _ context: ChangeContext) throws {
        let timed = try transaction.rows(
            """
            SELECT * FROM sessions WHERE asleep_boot_ms IS NOT NULL AND (asleep_boot <> ? OR asleep_boot_ms <= ?)
            """, [boots.current, transaction.now.boot.milliseconds])
        for row in timed {
            let expiry = TTLRules.atStart(
                deadline: BootTime(milliseconds: row["asleep_boot_ms"]),
                display: Instant(milliseconds: row["asleep_expires_at"]), bootID: try boots.boot(row["asleep_boot"]),
                ttlMilliseconds: row["asleep_ttl_ms"], now: transaction.now)
            try transaction.rest(
                try session(row), SleepTerms(expiry: expiry, ttlMilliseconds: row["asleep_ttl_ms"]),
                reason: "its deadline passed, or its boot ended, while no daemon served", context, self)
        }
    }

    /// Moves the deadlines of sleeping sessions that passed in a gap to its end's grace.
    func forgiveSleepers(
        since gapStart: BootTime, _ transaction: WriteTransaction, _ context: ChangeContext
    ) throws {
        let missed = try transaction.rows(
            "SELECT * FROM sessions WHERE asleep_boot_ms > ? AND asleep_boot_ms <= ?",
            [gapStart.milliseconds, transaction.now.boot.milliseconds])
        for row in missed {
            let ttl: Int64 = row["asleep_ttl_ms"]
            let expiry = TTLRules.afterGap(ttlMilliseconds: ttl, now: transaction.now)
            try transaction.rest(
                try session(row), SleepTerms(expiry: expiry, ttlMilliseconds: ttl),
                reason: "its deadline passed while nobody served", context, self)
        }
    }
}

extension WriteTransaction {
    /// Has a session sleep without a lease until then, with its record.
    fileprivate func rest(
        _ session: Session, _ terms: SleepTerms, reason: String, _ context: ChangeContext, _ store: LeaseStore
    ) throws {
        let columns = ExpiryColumns(terms.expiry, boots: store.boots)
        let changed = try changes(
            """
            UPDATE sessions SET phase = 'asleep', has_released = 1, asleep_ttl_ms = ?, asleep_boot = ?,
                asleep_boot_ms = ?, asleep_expires_at = ?
            WHERE id = ? AND state = 'active'
            """,
            [terms.ttlMilliseconds, columns.boot, columns.deadline, columns.expiresAt, session.row])
        guard changed == 1 else { throw BerthError(.internal, "Session \(session.name) changed under its sleep.") }
        var entry = context.entry(.sessionSlept, reason: reason)
        entry.session = session.name
        entry.holder = session.principal
        entry.details.expiry = AuditDetails.Deadline(
            terms.expiry, ttlMilliseconds: terms.ttlMilliseconds, on: now.bootID)
        try audit(entry)
    }

    /// The active session of that row, if it sleeps without a lease.
    fileprivate func sleeper(_ row: Int64, _ store: LeaseStore) throws -> Session? {
        try self.row("SELECT * FROM sessions WHERE id = ? AND has_released = 1", [row]).map(store.session)
    }

    /// Ends a session that sleeps and has no lease at all; it does nothing to any other.
    func endSleeper(_ row: Int64, reason: String?, _ context: ChangeContext, _ store: LeaseStore) throws {
        guard let session = try sleeper(row, store), session.leases == 0 else { return }
        try execute(
            """
            UPDATE sessions SET state = 'ended', ended_at = ?, has_released = 0, asleep_ttl_ms = NULL,
                asleep_boot = NULL, asleep_boot_ms = NULL, asleep_expires_at = NULL
            WHERE id = ?
            """, [now.wall.milliseconds, row])
        var entry = context.entry(.sessionEnded, reason: reason)
        entry.session = session.name
        entry.holder = session.principal
        // No lease tells of it: its row goes with this record.
        entry.details.sessionID = row
        try audit(entry)
        follow(.sleeperEnded(session))
        try Line(store: store, transaction: self).ended(session.name, of: session.principal)
    }
}

extension SleepTerms {
    /// As a session's row has them; nil for one that does not sleep without a lease.
    init?(_ row: Row) {
        guard row["has_released"] as Int64? == 1 else { return nil }
        self.init(row["asleep_ttl_ms"], row["asleep_boot_ms"], row["asleep_expires_at"])
    }

    /// From the TTL, the deadline and the instant that it is shown as, in three columns that follow each other.
    init(_ row: CurrentRow, from column: Int32) {
        self.init(
            row.int64IfPresent(column), row.int64IfPresent(column + 1), row.int64IfPresent(column + 2))
    }

    private init(_ ttl: Int64?, _ deadline: Int64?, _ expiresAt: Int64?) {
        guard let ttl, let deadline, let expiresAt else {
            self.init(expiry: .never, ttlMilliseconds: nil)
            return
        }
        self.init(
            expiry: .at(
                deadline: BootTime(milliseconds: deadline), display: Instant(milliseconds: expiresAt)),
            ttlMilliseconds: ttl)
    }
}
