import BerthCore
import BerthStore
import Logging
import Synchronization

/// Times in which nobody served, so that no holder could renew.
extension LeaseManager {
    /// Looks around further apart than this had nobody serving in between: the host slept, or the daemon was stopped.
    static let gapMilliseconds: Int64 = 3000

    /// Moves the deadlines that passed in the gap that ends at `now`, when there is one. Whoever is about to end leases
    /// calls it first: the reaper's tick, or somebody who asks for a sweep before that tick comes.
    /// - Throws: `storage-unavailable`; nothing may expire then, and the gap goes on.
    func forgiveGap(_ now: BootTime) async throws(BerthError) {
        if let before = gapStart(at: now) {
            logger.info(
                "nobody served for a while; passed deadlines are moved",
                metadata: ["milliseconds": "\(now.milliseconds - before.milliseconds)"])
            try await store.forgiveGap(since: before, .daemon)
            line.forgiveGap(at: now)
        }
        lastServed.withLock { $0 = max($0, now) }
    }

    /// When the gap that ends at `now` began; nil when somebody served all the time.
    func gapStart(at now: BootTime) -> BootTime? {
        let before = lastServed.withLock { $0 }
        return now.milliseconds - before.milliseconds > Self.gapMilliseconds ? before : nil
    }
}
