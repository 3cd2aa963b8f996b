package import BerthCore
import BerthStore
import HeapModule
import Synchronization

/// The line as memory knows it: who waits at which gate, who attends to a ticket, and when something is due.
///
/// It follows the commits, so that it goes through the same steps as the rows, which decide. Waiting costs nothing: a
/// ticket is an entry here, and a client that waits for it a suspended task.
package final class WaitLine: Sendable {
    /// How long the client of a ticket whose connection has ended has to come back with its key.
    package static let graceMilliseconds: Int64 = 10_000

    /// One waiting ticket.
    struct Entry {
        var ticket: Ticket
        /// Requests that wait for it just now.
        var attendants = 0
        /// Whether the request that made it has come to wait, or never will.
        var hasArrived = false
        /// When somebody last asked about it.
        var lastAsked: BootTime
        /// Until when its client must have come back; nil when it is there, or need not be.
        var returnsBy: BootTime?
    }

    /// Something that is to be done at a time.
    package enum Duty: Hashable, Sendable {
        /// Look whether its time is over, or its client gone.
        case look(TicketID)
        /// Its lease is released when nobody has heard of it by now.
        case takeBack(TicketID)
    }

    struct Timer: Comparable {
        let at: BootTime
        let duty: Duty

        static func < (left: Timer, right: Timer) -> Bool {
            left.at < right.at
        }
    }

    struct State {
        var entries: [TicketID: Entry] = [:]
        var firstGate = TicketQueue()
        var pools: [PoolName: TicketQueue] = [:]
        var timers = Heap<Timer>()
        var waiters: [TicketID: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        var nextWaiter: UInt64 = 0
        /// Pools whose head may find room.
        var wanted: Set<PoolName> = []
        /// Whether serving failed, so that no event may come for what is wanted.
        var hasFailed = false
        /// How many wait for ports of each pool, those at the first gate too.
        var counts: [PoolName: Int] = [:]
        /// Leases of asynchronous tickets that nobody has asked about since they were granted.
        var untold: [LeaseID: TicketID] = [:]

        /// Puts a ticket at its gate.
        /// - Returns: whether its pool's head may find room now.
        mutating func enter(_ ticket: Ticket) -> Bool {
            let pool = ticket.request.pool
            counts[pool, default: 0] += 1
            guard let turn = ticket.turn else {
                firstGate.insert(ticket.id, turn: ticket.id.number, ports: ticket.request.count)
                return false
            }
            pools[pool, default: TicketQueue()].insert(ticket.id, turn: turn, ports: ticket.request.count)
            guard pools[pool]?.first == ticket.id else { return false }
            wanted.insert(pool)
            return true
        }

        /// Takes a ticket from its gate.
        /// - Returns: whether its pool has another head by that.
        @discardableResult
        mutating func leave(_ ticket: Ticket) -> Bool {
            let pool = ticket.request.pool
            counts[pool, default: 0] -= 1
            guard let turn = ticket.turn else {
                firstGate.remove(turn: ticket.id.number)
                return false
            }
            let wasHead = pools[pool]?.first == ticket.id
            pools[pool]?.remove(turn: turn)
            guard wasHead, pools[pool]?.count ?? 0 > 0 else { return false }
            wanted.insert(pool)
            return true
        }
    }

    let state = Mutex(State())
    let clock: any HostClock
    let idleMilliseconds: Int64
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    private let timerChanges: AsyncStream<Void>
    let timerChanged: AsyncStream<Void>.Continuation

    init(clock: any HostClock, idleSeconds: Int) {
        self.clock = clock
        idleMilliseconds = Int64(idleSeconds) * 1000
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (timerChanges, timerChanged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that some pool's head may find room.
    var arrivals: AsyncStream<Void> { changes }
    /// Says that something is due, or may be earlier than thought.
    var dueChanges: AsyncStream<Void> { timerChanges }
    func ring() { timerChanged.yield() }

    // MARK: Following the commits

    /// What a start found in the rows.
    func adopt(_ ticket: Ticket) {
        let now = clock.now().boot
        join(ticket, returnsBy: ticket.isAsync ? nil : now.advanced(byMilliseconds: Self.graceMilliseconds), now)
    }

    /// A ticket joined the line, or passed the first gate.
    func waiting(_ ticket: Ticket) { join(ticket, returnsBy: nil, clock.now().boot) }

    private func join(_ ticket: Ticket, returnsBy: BootTime?, _ now: BootTime) {
        let isHead = state.withLock { state in
            var entry =
                state.entries[ticket.id]
                ?? Entry(ticket: ticket, hasArrived: returnsBy != nil, lastAsked: now, returnsBy: returnsBy)
            if state.entries[ticket.id] == nil {
                state.timers.insert(Timer(at: nextLook(entry), duty: .look(ticket.id)))
            } else {
                state.leave(entry.ticket)
            }
            entry.ticket = ticket
            state.entries[ticket.id] = entry
            return state.enter(ticket)
        }
        timerChanged.yield()
        if isHead { changed.yield() }
    }

    /// A ticket got its lease.
    func served(_ ticket: Ticket) {
        let now = clock.now().boot
        let entry = end(ticket)
        guard case .granted(let lease, _, let isRedeemed) = ticket.state, entry?.attendants ?? 0 == 0 else { return }
        if isRedeemed {
            state.withLock { $0.untold[lease] = ticket.id }
        } else {
            // On a busy host it may be served before its request has come from the commit to wait for it.
            expectReturn(of: ticket, from: now, isOnItsWay: entry?.hasArrived == false)
        }
    }

    /// Somebody hears that the ticket was granted, or the lease has ended.
    /// - Returns: whether nobody had heard before.
    @discardableResult
    func told(of lease: LeaseID) -> Bool { state.withLock { $0.untold.removeValue(forKey: lease) != nil } }

    /// A ticket left the line without a lease.
    func left(_ ticket: Ticket) { _ = end(ticket) }

    /// - Returns: what was known of it.
    private func end(_ ticket: Ticket) -> Entry? {
        let (waiters, entry, isWanted) = state.withLock { state in
            let entry = state.entries.removeValue(forKey: ticket.id)
            // The next one may find the room that this one did not fill.
            let isWanted = entry.map { state.leave($0.ticket) } ?? false
            return (state.waiters.removeValue(forKey: ticket.id) ?? [:], entry, isWanted)
        }
        for waiter in waiters.values { waiter.resume() }
        if isWanted { changed.yield() }
        return entry
    }

    /// The client of a granted ticket has gone before it heard: it may come back with its key for a while.
    /// - Parameter isOnItsWay: whether its request is still to come, with or without a key.
    func expectReturn(of ticket: Ticket, from now: BootTime, isOnItsWay: Bool = false) {
        let grace = ticket.hasKey || isOnItsWay ? Self.graceMilliseconds : 0
        state.withLock { state in
            state.timers.insert(Timer(at: now.advanced(byMilliseconds: grace), duty: .takeBack(ticket.id)))
        }
        timerChanged.yield()
    }

    // MARK: Room

    /// Ports of the pool became free. Nobody is woken whom they cannot serve.
    /// - Parameter largestRun: the longest free run.
    func roomGrew(in pool: PoolName, largestRun: Int, isBestEffort: Bool) {
        let isWanted = state.withLock { state in
            guard let queue = state.pools[pool], let head = queue.first, let entry = state.entries[head] else {
                return false
            }
            guard isBestEffort || entry.ticket.request.count <= largestRun else { return false }
            return state.wanted.insert(pool).inserted
        }
        if isWanted { changed.yield() }
    }

    /// Serving failed, and is to be tried again.
    func noteFailure() { state.withLock { $0.hasFailed = true } }

    /// After a failure every pool's line may find room.
    func tryAgain() {
        let isWanted = state.withLock { state in
            guard state.hasFailed else { return false }
            state.hasFailed = false
            for (pool, queue) in state.pools where queue.count > 0 { state.wanted.insert(pool) }
            return !state.wanted.isEmpty
        }
        if isWanted { changed.yield() }
    }

    /// The pools whose heads may find room, in a fixed order; they are not wanted any more afterwards.
    func takeWanted() -> [PoolName] {
        state.withLock { state in
            defer { state.wanted.removeAll() }
            return state.wanted.sorted { $0.rawValue < $1.rawValue }
        }
    }

    // MARK: Waiting for a ticket

    /// A request attends to the ticket from here until ``depart(from:)``: it is asked about, and its client is there.
    func arrive(at id: TicketID) {
        state.withLock { state in
            state.entries[id]?.attendants += 1
            state.entries[id]?.hasArrived = true
            state.entries[id]?.returnsBy = nil
        }
    }

    /// - Returns: how many requests still attend to it.
    @discardableResult
    func depart(from id: TicketID) -> Int {
        let now = clock.now().boot
        let left = state.withLock { state -> (Int, BootTime)? in
            guard var entry = state.entries[id] else { return nil }
            entry.attendants -= 1
            entry.lastAsked = now
            state.entries[id] = entry
            let next = nextLook(entry)
            state.timers.insert(Timer(at: next, duty: .look(id)))
            return (entry.attendants, next)
        }
        if left != nil { timerChanged.yield() }
        return left?.0 ?? 0
    }

    /// Somebody asked about the ticket.
    func asked(about id: TicketID) {
        let now = clock.now().boot
        state.withLock { state in state.entries[id]?.lastAsked = now }
    }

    /// Returns once the ticket waits no more, or the task is cancelled; at once when it does not wait.
    func end(of id: TicketID) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.entries[id] != nil, !Task.isCancelled else { return true }
                    state.waiters[id, default: [:]][waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in state.waiters[id]?.removeValue(forKey: waiter) }?.resume()
        }
    }
}
