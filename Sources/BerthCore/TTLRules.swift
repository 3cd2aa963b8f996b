/// When leases expire: pure rules, so that a manual clock can walk through every case of them.
///
/// Within a boot the boot clock decides and no lease expires early, whatever the wall clock does. A deadline that
/// passed while nobody could renew (no daemon, or the host asleep) is moved, so that live holders get a chance.
package enum TTLRules {
    /// The longest time that holders get to renew after a gap.
    package static let graceMilliseconds: Int64 = 30_000

    /// The expiry of a lease whose TTL starts to count now.
    package static func expiry(ttlMilliseconds: Int64?, from now: Moment) -> Expiry {
        guard let ttlMilliseconds else { return .never }
        return .at(
            deadline: now.boot.advanced(byMilliseconds: ttlMilliseconds),
            display: now.wall.advanced(byMilliseconds: ttlMilliseconds))
    }

    /// The expiry after a renewal. A given TTL counts from now, shorter too; without one the lease's own counts again
    /// and never shortens what is left.
    package static func renewed(
        _ expiry: Expiry, ttlMilliseconds: Int64?, requested: Int64?, now: Moment
    ) -> Expiry {
        if let requested { return self.expiry(ttlMilliseconds: requested, from: now) }
        let fresh = self.expiry(ttlMilliseconds: ttlMilliseconds, from: now)
        switch (expiry, fresh) {
        case (.never, _), (_, .never): return expiry
        case (.at(let old, _), .at(let new, _)): return old >= new ? expiry : fresh
        }
    }

    /// Where a deadline stands when a daemon starts.
    ///
    /// - Parameter bootID: the boot in which the deadline was set. In another one only the wall clock tells what is
    ///   left, within [0, TTL].
    package static func atStart(
        deadline: BootTime, display: Instant, bootID: BootID, ttlMilliseconds: Int64, now: Moment
    ) -> Expiry {
        let left: Int64 =
            bootID == now.bootID
            ? deadline.milliseconds - now.boot.milliseconds
            : min(max(0, display.milliseconds - now.wall.milliseconds), ttlMilliseconds)
        guard left > 0 else { return afterGap(ttlMilliseconds: ttlMilliseconds, now: now) }
        if bootID == now.bootID { return .at(deadline: deadline, display: display) }
        return expiry(ttlMilliseconds: left, from: now)
    }

    /// The expiry of a lease whose deadline passed in a gap that ends now.
    package static func afterGap(ttlMilliseconds: Int64, now: Moment) -> Expiry {
        expiry(ttlMilliseconds: min(ttlMilliseconds, graceMilliseconds), from: now)
    }
}
