package import BerthCore
import Synchronization

/// Who waits where.
extension WaitLine {
    /// The first tickets at a pool's gate.
    func first(_ limit: Int, in pool: PoolName) -> [Ticket] {
        state.withLock { state in
            (state.pools[pool]?.prefix(limit) ?? []).compactMap { state.entries[$0]?.ticket }
        }
    }

    /// The first ticket behind the head that is smaller than it and not larger than `largestRun`.
    func firstSmaller(thanHeadOf pool: PoolName, fitting largestRun: Int) -> Ticket? {
        state.withLock { state in
            guard let queue = state.pools[pool], let head = queue.first.flatMap({ state.entries[$0]?.ticket }),
                head.passed < QueuePolicy.maxPasses
            else { return nil }
            let bound = min(largestRun, head.request.count - 1)
            return queue.first(wantingAtMost: bound).flatMap { state.entries[$0]?.ticket }
        }
    }

    /// The tickets at a pool's gate, in their order.
    package func tickets(in pool: PoolName) -> [TicketID] {
        state.withLock { $0.pools[pool]?.tickets ?? [] }
    }

    /// How many requests wait for the ticket just now.
    package func attendants(at id: TicketID) -> Int { state.withLock { $0.entries[id]?.attendants ?? 0 } }

    /// The pools whose heads may find room.
    package var wantedPools: Set<PoolName> { state.withLock { $0.wanted } }

    /// How many wait for ports of the pool, those at the first gate too.
    package func count(in pool: PoolName) -> Int { state.withLock { $0.counts[pool] ?? 0 } }

    /// The head of a pool's line.
    func head(of pool: PoolName) -> Ticket? { first(1, in: pool).first }

    /// The place of a waiting ticket at its gate, 1 for the head, and how many ports those up to it want.
    package func place(of id: TicketID) -> (position: Int, ports: Int)? {
        state.withLock { state in
            guard let ticket = state.entries[id]?.ticket else { return nil }
            guard let turn = ticket.turn else { return state.firstGate.place(of: id.number) }
            return state.pools[ticket.request.pool]?.place(of: turn)
        }
    }
}
