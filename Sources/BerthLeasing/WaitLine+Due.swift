import BerthCore
import BerthStore
import HeapModule
import Synchronization

/// What is due in the line, and when.
extension WaitLine {
    /// When something is due next; nil when nothing is.
    func nextDue() -> BootTime? { state.withLock { $0.timers.min?.at } }

    /// Takes what is due, and says of each ticket why it must go.
    func takeDue(at now: BootTime) -> (ends: [(ticket: Ticket, end: TicketEnd)], takeBacks: [TicketID]) {
        state.withLock { state in
            var ends: [(ticket: Ticket, end: TicketEnd)] = []
            var takeBacks: [TicketID] = []
            while let timer = state.timers.min, timer.at <= now {
                state.timers.removeMin()
                switch timer.duty {
                case .takeBack(let id): takeBacks.append(id)
                case .look(let id):
                    guard let entry = state.entries[id] else { continue }
                    if let end = reason(entry, at: now) {
                        ends.append((entry.ticket, end))
                    } else if nextLook(entry) > now {
                        state.timers.insert(Timer(at: nextLook(entry), duty: timer.duty))
                    }
                }
            }
            return (ends, takeBacks)
        }
    }

    /// What could not be done is due again after a while.
    func putBack(_ duties: [Duty], until time: BootTime) {
        state.withLock { state in for duty in duties { state.timers.insert(Timer(at: time, duty: duty)) } }
        timerChanged.yield()
    }

    /// Nobody could ask in a gap that ends now.
    func forgiveGap(at now: BootTime) {
        state.withLock { state in
            for id in state.entries.keys {
                state.entries[id]?.lastAsked = now
                if state.entries[id]?.returnsBy != nil {
                    state.entries[id]?.returnsBy = now.advanced(byMilliseconds: Self.graceMilliseconds)
                }
            }
        }
    }

    private func reason(_ entry: Entry, at now: BootTime) -> TicketEnd? {
        let ticket = entry.ticket
        if ticket.deadline <= now {
            let span = (ticket.deadlineAt.milliseconds - ticket.createdAt.milliseconds) / 1000
            return .lapsed(
                ticket.turn == nil ? .sessionLimit : .poolExhausted,
                ticket.turn == nil
                    ? "no session ended within the \(span) s that it waited"
                    : "no block came free for it within the \(span) s that it waited")
        }
        if let returnsBy = entry.returnsBy, returnsBy <= now {
            return .cancelled(
                "its client did not come back within \(Self.graceMilliseconds / 1000) s of the daemon's start")
        }
        if ticket.isAsync, entry.attendants == 0,
            now.milliseconds - entry.lastAsked.milliseconds >= idleMilliseconds
        {
            return .lapsed(
                ticket.turn == nil ? .sessionLimit : .poolExhausted,
                "nobody asked about it for \(idleMilliseconds / 1000) s")
        }
        return nil
    }

    func nextLook(_ entry: Entry) -> BootTime {
        var next = entry.ticket.deadline
        if let returnsBy = entry.returnsBy { next = min(next, returnsBy) }
        // While somebody attends to it, it is looked at when that ends.
        if entry.ticket.isAsync, entry.attendants == 0 {
            next = min(next, entry.lastAsked.advanced(byMilliseconds: idleMilliseconds))
        }
        return next
    }
}
