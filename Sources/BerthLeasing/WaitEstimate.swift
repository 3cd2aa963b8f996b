import BerthCore
import BerthStore
import Synchronization

/// How long a ticket is likely to wait, from how long leases of its pool were held lately.
///
/// By Little's law (https://doi.org/10.1287/opre.9.3.383) ports that are leased for a mean time come free at the rate
/// leased ÷ time. The bounds use the quartiles of the same times. It knows nothing of how the free ports lie, nor of what
/// holders mean to do, so it is a guess, and there is none before a few leases have ended.
package struct WaitEstimate: Hashable, Sendable {
    package let seconds: Double
    package let atLeast: Double
    package let atMost: Double

    package init(seconds: Double, atLeast: Double, atMost: Double) {
        self.seconds = seconds
        self.atLeast = atLeast
        self.atMost = atMost
    }
}

/// The times for which the last leases of each pool were held.
final class HoldingTimes: Sendable {
    private static let kept = 64
    private static let needed = 5

    private struct Ring {
        var times: [Int64] = []
        var next = 0
    }

    private let rings = Mutex<[PoolName: Ring]>([:])

    func note(_ lease: EndedLease) {
        rings.withLock { rings in
            var ring = rings[lease.pool] ?? Ring()
            if ring.times.count < Self.kept {
                ring.times.append(lease.heldMilliseconds)
            } else {
                ring.times[ring.next] = lease.heldMilliseconds
                ring.next = (ring.next + 1) % Self.kept
            }
            rings[lease.pool] = ring
        }
    }

    /// - Parameters:
    ///   - wanted: how many ports those in front want, and the ticket.
    ///   - leased: how many of the pool are leased.
    func estimate(in pool: PoolName, wanted: Int, free: Int, leased: Int) -> WaitEstimate? {
        let times = rings.withLock { $0[pool]?.times ?? [] }.sorted()
        guard times.count >= Self.needed, leased > 0 else { return nil }
        let share = Double(max(0, wanted - free)) / Double(leased) / 1000
        let mean = Double(times.reduce(0, +)) / Double(times.count)
        return WaitEstimate(
            seconds: share * mean, atLeast: share * min(mean, Double(times[times.count / 4])),
            atMost: share * max(mean, Double(times[times.count * 3 / 4])))
    }
}
