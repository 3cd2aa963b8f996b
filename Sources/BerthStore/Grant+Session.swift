import BerthCore
import GRDB

/// The session that a grant belongs to, and what it may hold.
extension Grant {
    struct ActiveSession {
        let id: Int64
        let ports: Int
        /// Set while it sleeps without a lease.
        var rest: SleepTerms?
        /// Whether it was made for this lease, and counts it already.
        var isNew = false
    }

    func activeSession() throws -> ActiveSession? {
        try transaction.first(
            """
            SELECT id, principal, port_count, has_released, asleep_ttl_ms, asleep_boot_ms, asleep_expires_at
            FROM sessions WHERE name = ? AND state = 'active'
            """,
            [request.session.rawValue]
        ) { row in
            guard try row.principal(1) == context.caller.principal else {
                throw BerthError(
                    .forbidden, "The session \(request.session) belongs to somebody else. Choose another name.")
            }
            let rest = row.int(3) == 1 ? SleepTerms(row, from: 4) : nil
            return ActiveSession(id: row.int64(0), ports: row.int(2), rest: rest)
        }
    }

    /// A session that is active was made from the template that is asked for, with the same values, or is another one.
    func checkSameTemplate(_ session: ActiveSession) throws {
        guard let wanted = request.template else { return try checkLeavesTemplate(session) }
        let conflict = try transaction.first(
            "SELECT template, variables, phase FROM sessions WHERE id = ?", [session.id]
        ) { row -> String? in
            guard let template = row.textIfPresent(0) else { return "without a template" }
            if template != wanted.template.rawValue { return "made from the template \(template)" }
            if row.textIfPresent(1) != wanted.variablesText { return "with other values for the template's variables" }
            return row.textIfPresent(2) == SessionPhase.stopping.rawValue ? "and its agents are being stopped" : nil
        }
        guard let conflict, let conflict else { return }
        throw BerthError(
            .nameConflict,
            "The session \(request.session) is active, \(conflict). End it first, or choose another name.")
    }

    /// Makes the session with its first lease counted, which saves an UPDATE of the row just written.
    func start(holding ports: Int) throws -> ActiveSession {
        if let template = request.template {
            try transaction.execute(
                """
                INSERT INTO sessions (name, principal, state, created_at, lease_count, port_count, template, variables,
                    phase)
                VALUES (?, ?, 'active', ?, 1, ?, ?, ?, 'starting')
                """,
                [
                    request.session.rawValue, context.caller.principal.description, now.wall.milliseconds, ports,
                    template.template.rawValue, template.variablesText,
                ])
        } else {
            try transaction.execute(
                """
                INSERT INTO sessions (name, principal, state, created_at, lease_count, port_count)
                VALUES (?, ?, 'active', ?, 1, ?)
                """,
                [request.session.rawValue, context.caller.principal.description, now.wall.milliseconds, ports])
        }
        let session = ActiveSession(id: transaction.db.lastInsertedRowID, ports: ports, isNew: true)
        var entry = context.entry(.sessionStarted)
        entry.session = request.session
        entry.holder = context.caller.principal
        entry.details.sessionID = session.id
        entry.details.template = request.template?.template.rawValue
        try transaction.audit(entry)
        try line.started(request.session, of: context.caller.principal)
        return session
    }

    /// What a session, and a principal with a quota, may hold.
    func checkQuotas(_ session: ActiveSession?) throws {
        let ports = (session?.ports ?? 0) + request.count
        guard ports <= store.limits.maxPortsPerSession else {
            throw BerthError(
                .quotaExceeded,
                "The session \(request.session) would hold \(ports) ports; it may hold"
                    + " \(store.limits.maxPortsPerSession). Release what it no longer needs.")
        }
        guard let quota = context.caller.maxPorts else { return }
        let held: Int =
            try transaction.row(
                "SELECT COALESCE(sum(port_count), 0) FROM sessions WHERE state = 'active' AND principal = ?",
                [context.caller.principal.description])?[0] ?? 0
        guard held + request.count <= quota else {
            throw BerthError(
                .quotaExceeded,
                "\(context.caller.principal) would hold \(held + request.count) ports; its quota is \(quota). Release"
                    + " what is no longer needed.")
        }
    }
}
