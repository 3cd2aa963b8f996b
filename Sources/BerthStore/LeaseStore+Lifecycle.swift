package import BerthCore
import GRDB

/// Renewing and ending leases.
extension LeaseStore {
    /// Renews an active lease of the caller's; see ``TTLRules/renewed(_:ttlMilliseconds:requested:now:)``.
    /// - Returns: the lease, and the status of the first answer when this is a repeat.
    /// - Throws: `not-found`, `lease-ended`.
    package func renew(
        _ id: LeaseID, ttlMilliseconds: Int64?, _ context: ChangeContext
    ) async throws(BerthError) -> (lease: Lease, isReplay: Bool) {
        try await queue.submit { transaction in
            if let outcome = try transaction.storedOutcome(context) {
                guard case .lease(let answered) = outcome.effect else {
                    throw BerthError(.internal, "A renewal was answered with a ticket.")
                }
                return (try ownLease(answered, context, transaction.db), true)
            }
            let lease = try activeLease(id, context, transaction.db)
            let renewed = try transaction.renew(lease, requested: ttlMilliseconds, context, self)
            try transaction.storeOutcome(status: 200, lease: id, context)
            return (renewed, false)
        }
    }

    /// Releases a lease of the caller's; nil when it had ended already, which changes nothing.
    /// - Throws: `not-found`, `lease-in-use`.
    package func release(
        _ id: LeaseID, reason: String, _ context: ChangeContext
    ) async throws(BerthError) -> EndedLease? {
        try await queue.submit(as: .givesBack) { transaction in
            let lease = try ownLease(id, context, transaction.db)
            guard case .active = lease.state else { return nil }
            try transaction.checkIsNotInUse(lease, context)
            return try transaction.end(lease, .released, reason: reason, context, self)
        }
    }

    /// Ends the newest session of that name: every lease of it is released, and its tickets are cancelled, in one
    /// transaction. One that only waits to begin has tickets alone; one that has ended stays as it is.
    /// - Throws: `not-found`.
    package func endSession(
        _ name: SessionName, _ context: ChangeContext
    ) async throws(BerthError) -> [EndedLease] {
        try await queue.submit(as: .givesBack) { transaction in
            let newest = try fetchSession(name, transaction.db)
            let session = newest.flatMap { context.caller.maySee($0.principal) ? $0 : nil }
            let active = session.flatMap { $0.endedAt == nil ? $0 : nil }
            // An active session's tickets are its principal's; where it waits to begin, whoever's the caller sees.
            let tickets = try transaction.rows(
                "SELECT * FROM tickets WHERE session = ? AND state = 'waiting' ORDER BY id", [name.rawValue]
            ).map(ticketRow.ticket).filter {
                active.map(\.principal) == $0.principal || (active == nil && context.caller.maySee($0.principal))
            }
            guard try session != nil || !tickets.isEmpty || hasOnlyWaited(name, context.caller, transaction) else {
                throw BerthError(.notFound, "There is no session \(name).")
            }
            guard let active else {
                try cancel(tickets, transaction, context)
                return []
            }
            return try endActiveSession(active, transaction, context)
        }
    }

    /// Releases every lease of an active session, and cancels its tickets.
    func endActiveSession(
        _ session: Session, _ transaction: WriteTransaction, _ context: ChangeContext
    ) throws -> [EndedLease] {
        let tickets = try transaction.rows(
            "SELECT * FROM tickets WHERE session = ? AND state = 'waiting' ORDER BY id", [session.name.rawValue]
        ).map(ticketRow.ticket)
        try cancel(tickets.filter { $0.principal == session.principal }, transaction, context)
        let leases = try fetchLeases(
            "sessions.name = ? AND sessions.state = 'active' AND leases.state = 'active' ORDER BY leases.id",
            [session.name.rawValue], transaction.db)
        let ended = try leases.map { lease in
            try transaction.end(lease, .released, reason: "its session was ended", context, self)
        }
        // One that sleeps without a lease did not end with them.
        try transaction.endSleeper(session.row, reason: nil, context, self)
        return ended
    }

    private func cancel(_ tickets: [Ticket], _ transaction: WriteTransaction, _ context: ChangeContext) throws {
        for ticket in tickets {
            try Line(store: self, transaction: transaction).end(
                ticket, .cancelled("its session was ended"), context)
        }
    }

    /// Whether a session of that name has had tickets and nothing else, so that to end it again is no mistake.
    private func hasOnlyWaited(
        _ name: SessionName, _ caller: Caller, _ transaction: WriteTransaction
    ) throws -> Bool {
        try transaction.row(
            """
            SELECT 1 FROM audit WHERE session = ? AND event = 'ticket.cancelled' AND (? OR holder = ?) LIMIT 1
            """, [name.rawValue, caller.isAdministrator, caller.principal.description]) != nil
    }

    /// Ends leases whose deadline is not after the transaction's own moment, at most `limit` of them, earliest first. Where
    /// there are fewer, sessions that sleep without a lease, and whose time is over, end too.
    package func expire(limit: Int, _ context: ChangeContext) async throws(BerthError) -> [EndedLease] {
        try await queue.submit(as: .housekeeping) { transaction in
            let due = try fetchLeases(
                "leases.deadline_boot_ms <= ? ORDER BY leases.deadline_boot_ms LIMIT ?",
                [transaction.now.boot.milliseconds, limit], transaction.db)
            let ended = try due.map { try transaction.end($0, .expired, reason: "its TTL ran out", context, self) }
            try expireSleepers(limit: limit - due.count, transaction, context)
            return ended
        }
    }

    /// The leases that ``expire(limit:_:)`` would end at that moment.
    package func dueLeases(at now: BootTime, limit: Int) async throws(BerthError) -> [Lease] {
        try await read { db in
            try fetchLeases(
                "leases.deadline_boot_ms <= ? ORDER BY leases.deadline_boot_ms LIMIT ?", [now.milliseconds, limit], db)
        }
    }

    /// Moves every deadline that passed in a gap, when nobody could renew, to its end's grace.
    /// - Parameter gapStart: deadlines before it passed while somebody could renew, and stay.
    package func forgiveGap(since gapStart: BootTime, _ context: ChangeContext) async throws(BerthError) {
        try await queue.submit(as: .givesBack) { transaction in
            let missed = try transaction.rows(
                "SELECT id, ttl_ms FROM leases WHERE deadline_boot_ms > ? AND deadline_boot_ms <= ?",
                [gapStart.milliseconds, transaction.now.boot.milliseconds])
            for row in missed {
                try move(
                    LeaseID(row["id"]), to: TTLRules.afterGap(ttlMilliseconds: row["ttl_ms"], now: transaction.now),
                    reason: "its deadline passed while nobody served", transaction, context)
            }
            try forgiveSleepers(since: gapStart, transaction, context)
        }
    }

    /// The earliest deadline of all; nil when neither a lease nor a session that sleeps without one has any.
    package func earliestDeadline() async throws(BerthError) -> BootTime? {
        try await read { db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT min(due) FROM (
                        SELECT min(deadline_boot_ms) AS due FROM leases WHERE deadline_boot_ms IS NOT NULL
                        UNION ALL
                        SELECT min(asleep_boot_ms) FROM sessions WHERE asleep_boot_ms IS NOT NULL AND lease_count = 0)
                    """
            ).map(BootTime.init(milliseconds:))
        }
    }

    /// Moves a deadline by Berth's own rules, which is no renewal.
    func move(
        _ id: LeaseID, to expiry: Expiry, reason: String, _ transaction: WriteTransaction, _ context: ChangeContext
    ) throws {
        guard let lease = try lease(id, transaction.db), case .active = lease.state else { return }
        let columns = ExpiryColumns(expiry, boots: boots)
        try transaction.execute(
            "UPDATE leases SET deadline_boot = ?, deadline_boot_ms = ?, expires_at = ? WHERE id = ?",
            [columns.boot, columns.deadline, columns.expiresAt, id.number])
        var entry = context.entry(.leaseAdjusted, reason: reason).about(lease)
        entry.details.expiry = AuditDetails.Deadline(
            expiry, ttlMilliseconds: lease.ttlMilliseconds, on: transaction.now.bootID)
        try transaction.audit(entry)
    }

    func ownLease(_ id: LeaseID, _ context: ChangeContext, _ db: Database) throws -> Lease {
        guard let lease = try lease(id, db), context.caller.maySee(lease.principal) else {
            throw BerthError(.notFound, "There is no lease \(id).")
        }
        return lease
    }

    func activeLease(_ id: LeaseID, _ context: ChangeContext, _ db: Database) throws -> Lease {
        let lease = try ownLease(id, context, db)
        guard case .ended(let end, let at, _, _) = lease.state else { return lease }
        throw BerthError(.leaseEnded, "Lease \(id) was \(end.rawValue) at \(at). Lease a block anew.")
    }
}
