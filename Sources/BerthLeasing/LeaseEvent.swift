package import BerthCore

/// What happened to a lease, one of its agents or a session without a lease, as whoever keeps sessions of templates needs it,
/// once it is durable.
package enum LeaseEvent: Hashable, Sendable {
    /// An agent's process has ended.
    case agentExited(LeaseID, AgentName, ProcessIdentity)
    case ended(LeaseID)
    /// A session has ended that slept without a lease.
    case sleeperEnded(Session)

    /// Which lease it is about.
    package var lease: LeaseID? {
        switch self {
        case .agentExited(let lease, _, _), .ended(let lease): lease
        case .sleeperEnded: nil
        }
    }
}
