import BerthCore
import GRDB

/// A grant and the line: who waits, who is served, and who came before with the same key.
extension Grant {
    /// Grants the command's ticket, when it is its turn.
    func serve() throws -> GrantOutcome {
        guard let id = command.ticket, let ticket = try store.fetchTicket(id, transaction.db), ticket.state == .waiting,
            case .none(let passing) = try line.gate(for: ticket)
        else { return .notItsTurn }
        var session = try activeSession()
        try checkWakes(session)
        if let session { try checkSameTemplate(session) }
        if let found = session, let lease = try activeLease(in: found) {
            if isHeld(lease) {
                try checkSameWish(lease)
                let renewed = try renewed(lease)
                try line.granted(ticket, renewed)
                try transaction.storeOutcome(status: 200, lease: lease.id, context)
                return .existing(renewed)
            }
            // A dead holder makes way. Where that frees its slot, the ticket's own session has one.
            _ = try transaction.note(lease.liveProcesses.map { Death($0, .look) }, of: lease, context, store)
            session = try activeSession()
        }
        try checkQuotas(session)
        guard let proposal = command.proposal else { throw Undo(answer: GrantOutcome.noProposal) }
        let lease = try insert(
            proposal, session: try session ?? start(holding: proposal.block.count), passing: passing)
        if let passing { try line.pass(passing) }
        try line.granted(ticket, lease)
        return .granted(lease, ended: nil)
    }

    var line: Line { Line(store: store, transaction: transaction) }

    /// The answer to a request that came before with the same key; nil for a new one.
    func replay() throws -> GrantOutcome? {
        if let outcome = try transaction.storedOutcome(context) {
            switch outcome.effect {
            case .lease(let id):
                guard let lease = try store.lease(id, transaction.db) else {
                    throw BerthError(.internal, "An idempotency key refers to lease \(id), which is missing.")
                }
                try transaction.redeem(id, reason: "picked up with its Idempotency-Key", context, store)
                return .replayed(lease, status: outcome.status)
            case .ticket(let id): return .replayedTicket(try line.ticket(id))
            }
        }
        return try transaction.waitingTicket(context, store).map { .waiting($0, isReplay: true) }
    }

    /// The request's own transaction gives it its place.
    func wait(at gate: Line.Gate, hasSession: Bool) throws -> GrantOutcome {
        let isInLine = if case .none = gate { false } else { true }
        // A block that is wanted exactly there is refused at once, unless others are to be served before.
        if !isInLine, case .exactly = request.placement { return .noProposal }
        if !isInLine, !command.knowsRoom { return .staleProposal }
        guard let preference = command.wait, preference.isAsync || preference.seconds ?? 0 > 0 else {
            if case .session = gate { throw sessionLimit() }
            return isInLine ? .lineInFront : .noProposal
        }
        let ticket = try line.join(command, preference, at: gate, hasSession: hasSession)
        if preference.isAsync, preference.seconds ?? 0 == 0 { try transaction.storeTicket(ticket.id, context) }
        return .waiting(ticket, isReplay: false)
    }

    private func sessionLimit() -> BerthError {
        BerthError(
            .sessionLimit,
            "All \(store.limits.maxSessions) sessions are in use, or others wait for one. End one, or ask again when one"
                + " has ended; or wait in line (Prefer: wait=30, --wait 30s).")
    }
}
