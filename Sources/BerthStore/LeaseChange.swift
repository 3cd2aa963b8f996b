package import BerthCore
import Synchronization

/// What a transaction did to the leases, as whoever keeps a picture of them in memory needs it.
package enum LeaseChange: Hashable, Sendable {
    case granted(pool: PoolName, block: PortBlock)
    case ended(EndedLease)
}

/// Follows the commits, so that memory goes through the same steps in the same order as the rows.
///
/// A picture that is brought up to date by the callers, each when it hears of its own change, may take an older change
/// for the newer one.
final class CommitFollower: Sendable {
    private let follower = Mutex<(@Sendable (LeaseChange) -> Void)?>(nil)

    func follow(_ body: @escaping @Sendable (LeaseChange) -> Void) { follower.withLock { $0 = body } }

    func tell(_ changes: [LeaseChange]) {
        guard !changes.isEmpty, let follower = follower.withLock({ $0 }) else { return }
        for change in changes { follower(change) }
    }
}
