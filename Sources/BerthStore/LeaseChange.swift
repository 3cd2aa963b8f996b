package import BerthCore

/// What a transaction did to leases, tickets and tokens, as whoever keeps a picture of them in memory needs it.
package enum LeaseChange: Hashable, Sendable {
    case granted(SessionLease)
    /// The agents of an active lease are others, or on other ports.
    case agentsChanged(SessionLease)
    case ended(EndedLease)
    /// A session of a template sleeps, and is about to lose its lease by that.
    case slept(Session)
    /// A session that slept without a lease has ended.
    case sleeperEnded(Session)
    /// A ticket joined the line, or passed its first gate.
    case waiting(Ticket)
    /// A ticket got its lease.
    case served(Ticket, Lease)
    /// A ticket left the line without one.
    case left(Ticket)
    case tokenCreated(StoredToken)
    case tokenRevoked(TokenID)
}

/// A lease as it stands after a change, and the row of its session: the same name later is another session.
package struct SessionLease: Hashable, Sendable {
    package let lease: Lease
    package let sessionRow: Int64
    /// Whether its session slept without a lease until this one was granted, so that no agent runs on it yet.
    package let isWoken: Bool

    package init(lease: Lease, sessionRow: Int64, isWoken: Bool = false) {
        self.lease = lease
        self.sessionRow = sessionRow
        self.isWoken = isWoken
    }
}
