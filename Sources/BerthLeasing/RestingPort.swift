package import BerthCore
package import BerthStore

/// A port that may not be granted until a look at the host finds nothing bound to it.
package struct RestingPort: Hashable, Sendable {
    package let state: PortState
    /// The lease that it was in last: its holder may have the port back at once.
    package let lastLease: LeaseID?
    /// When the host is asked next.
    package var nextLook: BootTime
    /// How long after that look the next one comes, when the port is still bound.
    private var backOffMilliseconds: Int64 = 250

    package init(state: PortState, lastLease: LeaseID?, nextLook: BootTime) {
        self.state = state
        self.lastLease = lastLease
        self.nextLook = nextLook
    }

    /// Nil for a record of a port that does not rest.
    package init?(_ record: PortRecord) {
        switch record.state {
        case .quarantined, .foreign: break
        case .free, .leased, .unmanaged: return nil
        }
        self.init(
            state: record.state, lastLease: record.lastLease,
            nextLook: record.restsUntil ?? BootTime(milliseconds: .min))
    }

    /// Still bound at `now`: the looks come rarer, up to every four seconds, and never stop.
    package func stillBound(at now: BootTime) -> RestingPort {
        var later = self
        later.nextLook = now.advanced(byMilliseconds: backOffMilliseconds)
        later.backOffMilliseconds = min(backOffMilliseconds * 2, 4000)
        return later
    }
}
