/// What an audit record reports. The raw value stands in the database and in the API.
package enum AuditEvent: String, CaseIterable, Sendable {
    case leaseGranted = "lease.granted"
    case leaseRenewed = "lease.renewed"
    /// Berth moved the deadline by its own rules, after a time in which nobody could renew.
    case leaseAdjusted = "lease.adjusted"
    case leaseReleased = "lease.released"
    case leaseExpired = "lease.expired"
    case leaseOrphaned = "lease.orphaned"
    case ownerExited = "owner.exited"
    case agentAttached = "agent.attached"
    case agentExited = "agent.exited"
    case agentDetached = "agent.detached"
    case portQuarantined = "port.quarantined"
    case portRecovered = "port.recovered"
    case portForeign = "port.foreign"
    case sessionStarted = "session.started"
    /// All agents of its template answered.
    case sessionReady = "session.ready"
    /// Nobody asked for its agents, and they are stopped.
    case sessionSlept = "session.slept"
    /// Somebody asked again, and they are started.
    case sessionWoken = "session.woken"
    /// Its agents are stopped for good.
    case sessionStopping = "session.stopping"
    case sessionEnded = "session.ended"
    /// A wish joined the line, or passed the gate of the sessions and goes on to the pool's.
    case ticketWaiting = "ticket.waiting"
    case ticketGranted = "ticket.granted"
    /// Its client was about to be told, or came back for it.
    case ticketRedeemed = "ticket.redeemed"
    case ticketCancelled = "ticket.cancelled"
    case ticketLapsed = "ticket.lapsed"
    case poolChanged = "pool.changed"
    case daemonStarted = "daemon.started"
    case daemonStopped = "daemon.stopped"
    case daemonRestored = "daemon.restored"
    case tokenCreated = "token.created"
    case tokenRevoked = "token.revoked"
    case auditPruned = "audit.pruned"

    /// The event that reports this end of a lease.
    package static func end(_ end: LeaseEnd) -> AuditEvent {
        switch end {
        case .released: .leaseReleased
        case .expired: .leaseExpired
        case .orphaned: .leaseOrphaned
        }
    }
}
