import BerthCore
import GRDB

/// A grant that gives a session its ports again which sleeps without a lease.
extension Grant {
    /// How long a lease lives.
    struct LeaseTerms {
        let expiry: Expiry
        let ttlMilliseconds: Int64?
        let isPinned: Bool
    }

    /// Refuses to wake what sleeps no more: it has ended, or its time is over.
    /// - Throws: `lease-ended`.
    func checkWakes(_ session: ActiveSession?) throws {
        guard let row = request.wakes else { return }
        if let session, session.id == row {
            if let rest = session.rest, !rest.isOver(at: now.boot) { return }
            // Another request was quicker.
            if try session.rest == nil && activeLease(in: session) != nil { return }
        }
        throw BerthError(.leaseEnded, "The session \(request.session) was ended meanwhile. Start it anew.")
    }

    /// Refuses a lease of the name that a sleeping session's next one will have.
    func checkLeavesTemplate(_ session: ActiveSession) throws {
        guard session.rest != nil, let name = request.name, name.mayBeOfTemplate else { return }
        let template = try transaction.first("SELECT template FROM sessions WHERE id = ?", [session.id]) {
            $0.textIfPresent(0)
        }
        guard let template, let template, let template = TemplateName(rawValue: template),
            name == LeaseName(ofTemplate: template)
        else { return }
        throw BerthError(
            .nameConflict,
            "The session \(request.session) sleeps, and its agents' ports will have that name. Choose another one.")
    }

    /// A new lease has what the request says. A session that slept without one goes on with what its lease had before: as it
    /// is when it is only woken, and else as with a renewal.
    func terms(in session: ActiveSession) throws -> LeaseTerms {
        guard let rest = session.rest, request.template != nil else {
            return LeaseTerms(
                expiry: TTLRules.expiry(ttlMilliseconds: command.ttlMilliseconds, from: now),
                ttlMilliseconds: command.ttlMilliseconds, isPinned: request.isPinned)
        }
        let requested = request.wakes == nil ? requestedTTL : nil
        guard let ttl = rest.ttlMilliseconds else {
            if requested != nil {
                throw BerthError.invalid("ttl_seconds", "a pinned session has no TTL; start it without one")
            }
            return LeaseTerms(expiry: .never, ttlMilliseconds: nil, isPinned: true)
        }
        let expiry =
            request.wakes == nil
            ? TTLRules.renewed(rest.expiry, ttlMilliseconds: ttl, requested: requested, now: now) : rest.expiry
        return LeaseTerms(expiry: expiry, ttlMilliseconds: requested ?? ttl, isPinned: false)
    }

    /// The session has its ports again, and its agents are to be started.
    func wake(_ session: ActiveSession, holding ports: Int) throws {
        let changed = try transaction.changes(
            """
            UPDATE sessions SET lease_count = lease_count + 1, port_count = port_count + ?, phase = 'starting',
                has_released = 0, asleep_ttl_ms = NULL, asleep_boot = NULL, asleep_boot_ms = NULL,
                asleep_expires_at = NULL
            WHERE id = ? AND has_released = 1
            """, [ports, session.id])
        guard changed == 1 else {
            throw BerthError(.internal, "Session \(request.session) changed under its waking.")
        }
    }

    func auditWaking() throws {
        var entry = context.entry(.sessionWoken, reason: "somebody asked for its agents, and it has ports again")
        entry.session = request.session
        entry.holder = context.caller.principal
        try transaction.audit(entry)
    }
}
