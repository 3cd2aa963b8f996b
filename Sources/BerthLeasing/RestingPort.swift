package import BerthCore
package import BerthStore

/// A port that may not be granted until a look at the host finds nothing bound to it.
package struct RestingPort: Hashable, Sendable {
    package let state: PortState
    /// The lease that it was in last: its holder may have the port back at once.
    package let lastLease: LeaseID?
    /// Whether it is bound after a release, so that it becomes a stranger's when that goes on.
    package let mayBecomeForeign: Bool
    /// Its quarantine ends here at the earliest; a stranger's port has none.
    package let restsUntil: BootTime
    /// When the host is asked next.
    package private(set) var nextLook: BootTime
    /// How long after that look the next one comes, when the port is still bound.
    private var backOffMilliseconds: Int64 = 250

    package init(state: PortState, lastLease: LeaseID?, restsUntil: BootTime, mayBecomeForeign: Bool = false) {
        self.state = state
        self.mayBecomeForeign = mayBecomeForeign
        self.lastLease = lastLease
        self.restsUntil = restsUntil
        nextLook = restsUntil
    }

    /// Nil for a record of a port that does not rest.
    package init?(_ record: PortRecord) {
        switch record.state {
        case .quarantined, .foreign: break
        case .free, .leased, .unmanaged: return nil
        }
        self.init(
            state: record.state, lastLease: record.lastLease,
            restsUntil: record.restsUntil ?? BootTime(milliseconds: .min),
            mayBecomeForeign: record.state == .quarantined && record.lastEnd == .released)
    }

    /// Still bound at `now`: the looks come rarer, up to every four seconds, and never stop.
    package func stillBound(at now: BootTime) -> RestingPort {
        var later = self
        later.nextLook = now.advanced(byMilliseconds: backOffMilliseconds)
        later.backOffMilliseconds = min(backOffMilliseconds * 2, 4000)
        return later
    }
}
