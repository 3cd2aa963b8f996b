import BerthCore
import Synchronization

/// One token bucket for each principal, whichever listener its requests come in on.
final class RateLimiter: Sendable {
    /// Beyond so many, buckets that are full again are forgotten. Users and tokens are few; this keeps them so.
    private static let roomy = 1024

    let rate: TrafficLimits.Rate
    private let clock: any HostClock
    private let buckets = Mutex<[Principal: TokenBucket]>([:])

    init(_ rate: TrafficLimits.Rate, clock: any HostClock) {
        self.rate = rate
        self.clock = clock
    }

    /// Takes one request from the principal's bucket.
    func take(_ principal: Principal) -> TokenBucket.Reading {
        let now = clock.now().boot
        return buckets.withLock { buckets in
            if buckets.count > Self.roomy, buckets[principal] == nil {
                buckets = buckets.filter { entry in
                    var bucket = entry.value
                    return !bucket.isFull(at: now)
                }
            }
            return buckets[principal, default: TokenBucket(rate, at: now)].take(at: now)
        }
    }
}
