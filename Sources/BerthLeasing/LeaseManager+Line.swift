package import BerthCore
package import BerthStore
import Logging

/// Waiting in line: what a request that waits is answered, and how those who wait are served.
extension LeaseManager {
    private static let hungUp = "its client hung up"

    // MARK: A client that waits

    /// Waits for a ticket on behalf of the request that made it, or that came again with its key.
    ///
    /// The task is cancelled when the client hangs up: then the ticket leaves the line, unless another request attends to
    /// it. The client hears of its lease only after that is recorded, so that a lease of which nobody heard is known, after
    /// a crash too.
    /// - Throws: what the ticket lapses with; `storage-unavailable` when the daemon stops, which keeps the place.
    /// - Parameter isReplay: whether the ticket was made for an earlier request with the same key.
    package func attend(
        to ticket: Ticket, _ wait: WaitPreference?, _ context: ChangeContext, isReplay: Bool = false,
        isStopping: @Sendable () -> Bool
    ) async throws(BerthError) -> GrantReply {
        line.arrive(at: ticket.id)
        if ticket.isAsync {
            await line.end(of: ticket.id, within: .seconds(wait?.seconds ?? 0))
        } else {
            await line.end(of: ticket.id)
        }
        let attendants = line.depart(from: ticket.id)
        // Read in this order: a stop cancels the task too, and is no hang-up.
        let isCancelled = Task.isCancelled
        if isStopping() { throw Self.stopping }
        if isCancelled {
            if attendants == 0 { try await leftAlone(ticket, context) }
            throw BerthError(.malformedRequest, "The client hung up.")
        }
        return try await answer(ticket.id, context, isReplay: isReplay, isStopping: isStopping)
    }

    private static var stopping: BerthError {
        BerthError(
            .storageUnavailable,
            "Berth is stopping. A request with an Idempotency-Key keeps its place: repeat it within"
                + " \(WaitLine.graceMilliseconds / 1000) s of the next start.")
    }

    private func answer(
        _ id: TicketID, _ context: ChangeContext, isReplay: Bool, isStopping: @Sendable () -> Bool
    ) async throws(BerthError) -> GrantReply {
        guard let ticket = try await store.ticket(id, for: context.caller) else {
            throw BerthError(.notFound, "There is no ticket \(id).")
        }
        switch ticket.state {
        case .waiting:
            try await store.answer(with: id, context)
            return .ticket(ticket, isReplay: false)
        case .granted(_, let grantedAt, _):
            let reason = "its client is answered"
            guard let lease = try await store.redeem(id, reason: reason, context) else {
                throw BerthError(.leaseEnded, "The lease that this request waited for has ended already.")
            }
            if Task.isCancelled {
                try await leftAlone(ticket, context)
                throw isStopping() ? Self.stopping : BerthError(.malformedRequest, "The client hung up.")
            }
            return lease.createdAt < grantedAt ? .existing(lease) : .created(lease)
        // The connection of the earlier request ended between this one's look and its arrival.
        case .cancelled(_, Self.hungUp) where isReplay: return .again
        case .cancelled(_, let reason):
            throw try await refusal(ticket, ticket.turn == nil ? .sessionLimit : .poolExhausted, reason, context.caller)
        case .lapsed(let code, _, let reason):
            throw try await refusal(ticket, code, reason, context.caller)
        }
    }

    /// What a request is answered whose ticket ended without a lease.
    private func refusal(
        _ ticket: Ticket, _ code: ErrorCode, _ reason: String, _ caller: Caller
    ) async throws(BerthError) -> BerthError {
        var facts = ErrorFacts.none
        if code == .poolExhausted {
            let room = ports.room(in: ticket.request.pool)
            facts = .noRoom(largestFreeBlock: room.largestFreeBlock, free: room.free, count: ticket.request.count)
        } else if code == .portUnavailable, case .exactly(let first) = ticket.request.placement,
            let block = PortBlock(first: first, count: ticket.request.count)
        {
            facts = try await refusal(of: block, caller).facts
        }
        return BerthError(code, "The request waits no more: \(reason).", facts: facts)
    }

    /// Nobody attends to the ticket any more, and nobody has heard anything.
    private func leftAlone(_ ticket: Ticket, _ context: ChangeContext) async throws(BerthError) {
        let end = TicketEnd.cancelled(Self.hungUp)
        guard let now = try await store.leave(ticket.id, end, context) else { return }
        guard case .granted(_, _, let isRedeemed) = now.state else { return }
        // With a key it may come back for the lease; else nobody ever will.
        if !ticket.hasKey {
            _ = try await store.abandon(ticket.id, reason: end.reason, isUnheard: true, context)
        } else if !isRedeemed {
            line.expectReturn(of: ticket, from: clock.now().boot)
        }
    }

    // MARK: Asking

    /// A ticket as it stands; with `wait`, once it waits no more or that many seconds are over.
    /// - Throws: `not-found`.
    package func ticket(
        _ id: TicketID, waitSeconds: Int64?, for caller: Caller
    ) async throws(BerthError) -> Ticket {
        func look() async throws(BerthError) -> Ticket {
            guard let ticket = try await store.ticket(id, for: caller) else {
                throw BerthError(.notFound, "There is no ticket \(id).")
            }
            if case .granted(let lease, _, _) = ticket.state, ticket.principal == caller.principal {
                line.told(of: lease)
            }
            return ticket
        }
        let ticket = try await look()
        guard ticket.state == .waiting else { return ticket }
        guard let waitSeconds, waitSeconds > 0 else {
            if ticket.principal == caller.principal { line.asked(about: id) }
            return ticket
        }
        // Its own client's interest keeps it; an administrator only looks.
        let attends = ticket.isAsync && ticket.principal == caller.principal
        if attends { line.arrive(at: id) }
        await line.end(of: id, within: .seconds(waitSeconds))
        if attends { line.depart(from: id) }
        return try await look()
    }

    /// The caller's waiting tickets, an administrator's everybody's, in ascending order of their ids.
    package func tickets(
        session: SessionName?, pool: PoolName?, after: TicketID, limit: Int, for caller: Caller
    ) async throws(BerthError) -> [Ticket] {
        let tickets = try await store.waitingTickets(
            of: caller.isAdministrator ? nil : caller.principal, session: session, pool: pool, after: after,
            limit: limit)
        for ticket in tickets where ticket.principal == caller.principal { line.asked(about: ticket.id) }
        return tickets
    }

    /// Takes a ticket out of the line. One that was granted before its client heard of it gives its lease back.
    /// - Throws: `not-found`.
    package func leaveLine(_ id: TicketID, _ context: ChangeContext) async throws(BerthError) {
        guard let ticket = try await store.leave(id, .cancelled("its client left the line"), context) else {
            throw BerthError(.notFound, "There is no ticket \(id).")
        }
        guard case .granted(let lease, _, let isRedeemed) = ticket.state else { return }
        // An asynchronous one counts as heard of; whether anybody has, only this daemon knows.
        let isUnheard = line.told(of: lease)
        if isUnheard || !isRedeemed {
            _ = try await store.abandon(id, reason: "its client left the line", isUnheard: isUnheard, context)
        }
    }

    /// The place of a waiting ticket at its gate, and a guess how long it takes; nil when it waits no more.
    package func prospect(of ticket: Ticket) -> (position: Int, estimate: WaitEstimate?)? {
        guard ticket.state == .waiting, let place = line.place(of: ticket.id) else { return nil }
        // At the first gate it is sessions that must end, and how their leases are held tells little of that.
        guard ticket.turn != nil else { return (place.position, nil) }
        let room = ports.room(in: ticket.request.pool)
        return (
            place.position,
            holdingTimes.estimate(
                in: ticket.request.pool, wanted: place.ports, free: room.free, leased: room.leased)
        )
    }
}

extension WaitLine {
    /// Returns once the ticket waits no more, so much time is over, or the task is cancelled.
    func end(of id: TicketID, within limit: Duration) async {
        guard limit > .zero else { return }
        await withTaskGroup { group in
            group.addTask { await self.end(of: id) }
            group.addTask {
                // Cancelled when the ticket ends first.
                do { try await Task.sleep(for: limit) } catch { return }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
