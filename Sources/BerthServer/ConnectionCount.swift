import BerthCore
import NIOCore
import Synchronization

/// Counts the open connections of each principal, over all listeners, and knows when there are enough.
final class ConnectionCount: Sendable {
    private struct State {
        var holders: [ObjectIdentifier: Principal] = [:]
        var counts: [Principal: Int] = [:]

        mutating func leave(_ key: ObjectIdentifier) {
            guard let holder = holders.removeValue(forKey: key) else { return }
            let rest = (counts[holder] ?? 0) - 1
            counts[holder] = rest > 0 ? rest : nil
        }
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Counts a connection as the principal's until it is closed; once, however often it is asked. A connection that
    /// comes to speak for another principal is that one's from then on.
    /// - Returns: whether there was room; where not, it is counted for nobody.
    func admit(_ channel: any Channel, as principal: Principal) -> Bool {
        let key = ObjectIdentifier(channel)
        let (isAdmitted, isNew) = state.withLock { state -> (Bool, Bool) in
            if state.holders[key] == principal { return (true, false) }
            let wasCounted = state.holders[key] != nil
            state.leave(key)
            guard state.counts[principal, default: 0] < limit else { return (false, false) }
            state.holders[key] = principal
            state.counts[principal, default: 0] += 1
            return (true, !wasCounted)
        }
        if isNew { channel.closeFuture.whenComplete { _ in self.state.withLock { $0.leave(key) } } }
        return isAdmitted
    }

    /// The connections that are counted for a principal now.
    func count(_ principal: Principal) -> Int { state.withLock { $0.counts[principal] ?? 0 } }

    /// What a connection beyond the bound is told.
    func refusal(_ principal: Principal) -> BerthError {
        BerthError(
            .tooManyRequests,
            "\(principal) has \(limit) connections open, as many as one may have. Close some, or keep fewer open.")
    }
}
