import BerthCore
import GRDB

/// What happens to a lease after its grant, as parts of larger changes.
extension WriteTransaction {
    /// Renews an active lease; nil leaves the length to the lease's own TTL.
    func renew(_ lease: Lease, requested: Int64?, _ context: ChangeContext, _ store: LeaseStore) throws -> Lease {
        guard case .active(let expiry) = lease.state else {
            throw BerthError(.internal, "An ended lease was to be renewed.")
        }
        if lease.isPinned, requested != nil {
            throw BerthError.invalid("ttl_seconds", "a pinned lease has no TTL; renew it without one")
        }
        let renewed = TTLRules.renewed(
            expiry, ttlMilliseconds: lease.ttlMilliseconds, requested: requested, now: now)
        let columns = ExpiryColumns(renewed, boots: store.boots)
        let ttl = requested ?? lease.ttlMilliseconds
        let changed = try changes(
            """
            UPDATE leases SET ttl_ms = ?, deadline_boot = ?, deadline_boot_ms = ?, expires_at = ?, renewed_at = ?
            WHERE id = ? AND state = 'active'
            """,
            [ttl, columns.boot, columns.deadline, columns.expiresAt, now.wall.milliseconds, lease.id.number])
        guard changed == 1 else { throw BerthError(.internal, "Lease \(lease.id) changed under its renewal.") }
        var entry = context.entry(.leaseRenewed).about(lease)
        entry.details.expiry = AuditDetails.Deadline(renewed, ttlMilliseconds: ttl, on: now.bootID)
        try audit(entry)
        return lease.with(state: .active(renewed), ttlMilliseconds: ttl, renewedAt: now.wall)
    }

    /// Ends an active lease, gives its ports back or sends them to quarantine, and ends its session with the last one, unless
    /// that sleeps without a lease.
    func end(
        _ lease: Lease, _ end: LeaseEnd, reason: String, _ context: ChangeContext, _ store: LeaseStore
    ) throws -> EndedLease {
        let changed = try changes(
            """
            UPDATE leases SET state = ?, ended_at = ?, end_reason = ?, deadline_boot = NULL, deadline_boot_ms = NULL
            WHERE id = ? AND state = 'active'
            """,
            [end.rawValue, now.wall.milliseconds, reason, lease.id.number])
        guard changed == 1 else { throw BerthError(.internal, "Lease \(lease.id) changed under its end.") }
        try audit(context.entry(.end(end), reason: reason).about(lease))
        if end.isAbnormal {
            let evidence = "lease \(lease.id) \(end.rawValue): \(reason)"
            try quarantinePorts(of: lease, reason: evidence, store)
            var entry = context.entry(.portQuarantined, reason: evidence).about(lease)
            entry.details.rest = AuditDetails.Rest(from: now)
            try audit(entry)
        } else {
            try freePorts(of: lease)
        }
        try leaveSession(lease, context, store)
        let ended = EndedLease(
            lease: lease.id, pool: lease.pool, block: lease.block, end: end,
            heldMilliseconds: max(0, now.wall.milliseconds - lease.createdAt.milliseconds))
        follow(.ended(ended))
        return ended
    }

    private func freePorts(of lease: Lease) throws {
        let freed = try changes(
            """
            UPDATE ports SET state = 'free', lease_id = NULL, last_lease_id = ?1, ended_at = ?2
            WHERE port BETWEEN ?3 AND ?4 AND lease_id = ?1 AND pool IS NOT NULL
            """,
            [
                lease.id.number, now.wall.milliseconds, lease.block.numbers.lowerBound, lease.block.numbers.upperBound,
            ])
        try dropUnmanagedPorts(of: lease, remaining: lease.block.count - freed)
    }

    private func quarantinePorts(of lease: Lease, reason: String, _ store: LeaseStore) throws {
        let freed = try changes(
            """
            UPDATE ports SET state = 'quarantined', lease_id = NULL, last_lease_id = ?1, ended_at = ?2,
                rest_boot = ?3, rest_since = ?2, rest_reason = ?5,
                rest_boot_ms = ?4 + COALESCE((SELECT quarantine_ms FROM pools WHERE name = ports.pool), 0)
            WHERE port BETWEEN ?6 AND ?7 AND lease_id = ?1 AND pool IS NOT NULL
            """,
            [
                lease.id.number, now.wall.milliseconds, store.boots.current, now.boot.milliseconds,
                reason, lease.block.numbers.lowerBound, lease.block.numbers.upperBound,
            ])
        try dropUnmanagedPorts(of: lease, remaining: lease.block.count - freed)
    }

    /// Ports that left every pool while they were leased are nobody's business any more.
    private func dropUnmanagedPorts(of lease: Lease, remaining: Int) throws {
        guard remaining > 0 else { return }
        let dropped = try changes(
            "DELETE FROM ports WHERE port BETWEEN ? AND ? AND lease_id = ? AND pool IS NULL",
            [lease.block.numbers.lowerBound, lease.block.numbers.upperBound, lease.id.number])
        guard dropped == remaining else {
            throw BerthError(.internal, "Lease \(lease.id) did not hold exactly its ports.")
        }
    }

    private func leaveSession(_ lease: Lease, _ context: ChangeContext, _ store: LeaseStore) throws {
        // A look and a plain UPDATE: RETURNING keeps its rows in a temporary B-tree, and an UPDATE that names the state
        // writes the indices of the active ones anew.
        let session = try first(
            "SELECT id, lease_count, has_released FROM sessions WHERE name = ? AND state = 'active'",
            [lease.session.rawValue]
        ) { row in (id: row.int64(0), leases: row.int(1), hasReleased: row.int(2) == 1) }
        guard let session else { throw BerthError(.internal, "Lease \(lease.id) had no active session.") }
        guard session.leases == 1, !session.hasReleased else {
            return try execute(
                "UPDATE sessions SET lease_count = lease_count - 1, port_count = port_count - ? WHERE id = ?",
                [lease.block.count, session.id])
        }
        try execute(
            """
            UPDATE sessions SET lease_count = lease_count - 1, port_count = port_count - ?, state = 'ended',
                ended_at = ?
            WHERE id = ?
            """,
            [lease.block.count, now.wall.milliseconds, session.id])
        var entry = context.entry(.sessionEnded)
        entry.session = lease.session
        entry.holder = lease.principal
        try audit(entry)
        try Line(store: store, transaction: self).ended(lease.session, of: lease.principal)
    }
}

extension Lease {
    func with(state: LeaseState, ttlMilliseconds: Int64?, renewedAt: Instant) -> Lease {
        var lease = self
        lease.state = state
        lease.ttlMilliseconds = ttlMilliseconds
        lease.renewedAt = renewedAt
        return lease
    }

    func with(agents: [Agent]) -> Lease {
        var lease = self
        lease.agents = agents
        return lease
    }
}
