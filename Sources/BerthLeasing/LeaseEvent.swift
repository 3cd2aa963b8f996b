package import BerthCore

/// What happened to a lease or one of its agents, as whoever keeps sessions of templates needs it, once it is durable.
package enum LeaseEvent: Hashable, Sendable {
    /// An agent's process has ended.
    case agentExited(LeaseID, AgentName, ProcessIdentity)
    case ended(LeaseID)

    /// Which lease it is about.
    package var lease: LeaseID {
        switch self {
        case .agentExited(let lease, _, _), .ended(let lease): lease
        }
    }
}
