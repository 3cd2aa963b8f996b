package import BerthCore
import Synchronization

/// What a transaction did to leases, tickets and tokens, as whoever keeps a picture of them in memory needs it.
package enum LeaseChange: Hashable, Sendable {
    case granted(SessionLease)
    /// The agents of an active lease are others, or on other ports.
    case agentsChanged(SessionLease)
    case ended(EndedLease)
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

    package init(lease: Lease, sessionRow: Int64) {
        self.lease = lease
        self.sessionRow = sessionRow
    }
}

/// Follows the commits, so that memory goes through the same steps in the same order as the rows.
///
/// A picture that is brought up to date by the callers, each when it hears of its own change, may take an older change
/// for the newer one.
final class CommitFollower: Sendable {
    /// A closure that stands bare in the mutex is wrapped once more, for the generic code, each time the mutex is
    /// entered: after a day of commits each call would go through a day of wrappers. Inside a structure it is stored as
    /// it is.
    private struct Follower {
        let body: @Sendable (LeaseChange) -> Void
    }

    private let follower = Mutex<Follower?>(nil)

    func follow(_ body: @escaping @Sendable (LeaseChange) -> Void) {
        follower.withLock { $0 = Follower(body: body) }
    }

    func tell(_ changes: [LeaseChange]) {
        guard !changes.isEmpty, let follower = follower.withLock({ $0 }) else { return }
        for change in changes { follower.body(change) }
    }
}
