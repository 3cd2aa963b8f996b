/// The statements of a grant and of a release, in their order, as the daemon's writing connection runs them for a block
/// without a name that its session had before: what SQLite's own trace (sqlite3_trace_v2) of a daemon shows. The schema's
/// triggers, checks and foreign keys run with them.
struct LeaseStatements {
    let begin: SQLiteStatement
    let commit: SQLiteStatement
    let savepoint: SQLiteStatement
    let release: SQLiteStatement

    let findSession: SQLiteStatement
    let counts: SQLiteStatement
    let startSession: SQLiteStatement
    let insertLease: SQLiteStatement
    let claimPorts: SQLiteStatement
    let enterSession: SQLiteStatement
    let rememberBlock: SQLiteStatement

    let findLease: SQLiteStatement
    let findAgents: SQLiteStatement
    let endLease: SQLiteStatement
    let freePorts: SQLiteStatement
    let leaveSession: SQLiteStatement

    let audit: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(BenchmarkError) {
        func prepare(_ sql: String) throws(BenchmarkError) -> SQLiteStatement {
            try SQLiteStatement(sql, on: connection)
        }
        begin = try prepare("BEGIN IMMEDIATE TRANSACTION")
        commit = try prepare("COMMIT TRANSACTION")
        savepoint = try prepare("SAVEPOINT change")
        release = try prepare("RELEASE change")

        findSession = try prepare("SELECT id, principal, port_count FROM sessions WHERE name = ? AND state = 'active'")
        counts = try prepare("SELECT active_sessions + held_slots, waiting FROM host")
        startSession = try prepare(
            "INSERT INTO sessions (name, principal, state, created_at) VALUES (?, ?, 'active', ?)")
        insertLease = try prepare(Self.insertLeaseText)
        claimPorts = try prepare(Self.claimPortsText)
        enterSession = try prepare(
            "UPDATE sessions SET lease_count = lease_count + 1, port_count = port_count + ? WHERE id = ?")
        rememberBlock = try prepare(Self.rememberBlockText)

        findLease = try prepare(
            """
            SELECT leases.*, sessions.name AS session
            FROM leases JOIN sessions ON sessions.id = leases.session_id WHERE leases.id = ?
            """)
        findAgents = try prepare("SELECT * FROM agents WHERE lease_id = ? ORDER BY port")
        endLease = try prepare(Self.endLeaseText)
        freePorts = try prepare(
            """
            UPDATE ports SET state = 'free', lease_id = NULL, last_lease_id = ?1, ended_at = ?2
            WHERE port BETWEEN ?3 AND ?4 AND lease_id = ?1 AND pool IS NOT NULL
            """)
        leaveSession = try prepare(Self.leaveSessionText)

        audit = try prepare(
            """
            INSERT INTO audit (seq, at, event, lease_id, session, pool, first_port, count, agent, pid,
                principal, reason, request_id, holder, details, hash)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL, ?9, ?10, ?11, ?9, ?12, ?13)
            """)
    }

    private static let insertLeaseText = """
        INSERT INTO leases (session_id, name, pool, first_port, count, principal, owner_boot, owner_namespace,
            owner_pid, owner_ticks, owner_inode, labels, pinned, ttl_ms, created_at, renewed_at, state,
            deadline_boot, deadline_boot_ms, expires_at)
        VALUES (?1, NULL, ?2, ?3, ?4, ?5, NULL, NULL, NULL, NULL, NULL, ?6, 0, ?7, ?8, ?8, 'active', ?9, ?10, ?11)
        """

    private static let claimPortsText = """
        UPDATE ports SET lease_id = ?1, state = 'leased', rest_boot = NULL, rest_boot_ms = NULL,
            rest_since = NULL, rest_reason = NULL
        WHERE port BETWEEN ?2 AND ?3 AND pool = ?4 AND lease_id IS NULL
            AND (state = 'free' OR (state = 'quarantined' AND last_lease_id = ?5))
        """

    private static let rememberBlockText = """
        INSERT INTO held_blocks
            (principal, session, name, pool, count, first_port, first_lease_id, last_lease_id)
        VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, ?6)
        ON CONFLICT DO UPDATE SET last_lease_id = excluded.last_lease_id
        """

    private static let endLeaseText = """
        UPDATE leases SET state = 'released', ended_at = ?, end_reason = ?, deadline_boot = NULL,
            deadline_boot_ms = NULL
        WHERE id = ? AND state = 'active'
        """

    private static let leaveSessionText = """
        UPDATE sessions SET lease_count = lease_count - 1, port_count = port_count - ?1,
            state = CASE WHEN lease_count = 1 THEN 'ended' ELSE state END,
            ended_at = CASE WHEN lease_count = 1 THEN ?2 END
        WHERE name = ?3 AND state = 'active'
        RETURNING state
        """
}
