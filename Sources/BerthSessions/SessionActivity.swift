package import BerthCore
import Synchronization

/// When somebody last asked for the agents of a lease, as whoever passes requests on tells it.
package final class SessionActivity: Sendable {
    private struct Use {
        var underWay = 0
        var last: BootTime
    }

    private let uses = Mutex<[LeaseID: Use]>([:])

    package init() {}

    /// A request comes through. It may stream for hours.
    package func began(_ lease: LeaseID, at now: BootTime) {
        uses.withLock { uses in
            uses[lease, default: Use(last: now)].underWay += 1
            uses[lease]?.last = now
        }
    }

    /// That request is over.
    package func ended(_ lease: LeaseID, at now: BootTime) {
        uses.withLock { uses in
            uses[lease]?.underWay -= 1
            uses[lease]?.last = now
        }
    }

    /// Since when nothing came through, counted from `now` where nothing ever did; nil while something does.
    func idleSince(_ lease: LeaseID, now: BootTime) -> BootTime? {
        uses.withLock { uses in
            guard let use = uses[lease] else {
                uses[lease] = Use(last: now)
                return now
            }
            return use.underWay > 0 ? nil : use.last
        }
    }

    /// Its idle time starts over.
    func touch(_ lease: LeaseID, at now: BootTime) { uses.withLock { $0[lease, default: Use(last: now)].last = now } }

    func forget(_ lease: LeaseID) { _ = uses.withLock { $0.removeValue(forKey: lease) } }
}
