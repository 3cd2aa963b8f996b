package import BerthCore
import Synchronization

/// The end of an agent's process, once it is recorded.
package struct AgentExit: Hashable, Sendable {
    package let lease: LeaseID
    package let agent: AgentName
    package let process: ProcessIdentity

    package init(lease: LeaseID, agent: AgentName, process: ProcessIdentity) {
        self.lease = lease
        self.agent = agent
        self.process = process
    }
}

/// Tells one follower of what happens to leases and their agents, after it is durable.
package final class LeaseEvents: Sendable {
    /// What happened.
    package enum Event: Hashable, Sendable {
        case agentExited(AgentExit)
        case ended(LeaseID)

        /// Which lease it is about.
        package var lease: LeaseID {
            switch self {
            case .agentExited(let exit): exit.lease
            case .ended(let lease): lease
            }
        }
    }

    /// A closure that stands bare in the mutex is wrapped anew each time the mutex is entered.
    private struct Follower {
        let body: @Sendable (Event) -> Void
    }

    private let follower = Mutex<Follower?>(nil)

    /// What happened before is not told. The body is called on the way of commits, and must not wait.
    package func follow(_ body: @escaping @Sendable (Event) -> Void) {
        follower.withLock { $0 = Follower(body: body) }
    }

    func tell(_ event: Event) { follower.withLock { $0 }?.body(event) }
}
