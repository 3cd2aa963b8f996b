import BerthCore
import GRDB

/// The line to wait in, inside a transaction: two gates, first a slot for the session, then ports of the pool, each
/// strictly first come, first served.
///
/// A ticket without a turn stands at the first gate, in the order of the ids. When it passes it gets a turn, and that is
/// its place at the second. While it stands there, its session has a slot, whether the session is active or not: else it
/// could come to the head of its pool and wait for a slot again, in front of sessions that wait for their next block, and
/// none of them would ever go on. So the slots in use are the active sessions and the held ones.
struct Line {
    let store: LeaseStore
    let transaction: WriteTransaction

    /// Where a wish has to wait.
    enum Gate {
        /// Nowhere. `passing` is the head of its pool's line that it goes before, where the pool allows that.
        case none(passing: TicketID?)
        case session
        case pool
    }

    var now: Moment { transaction.now }

    // MARK: The gates

    /// Where a newcomer has to wait, whether ports are free or not.
    /// - Parameter hasSession: whether its session is active.
    func gate(for request: GrantRequest, of principal: Principal, hasSession: Bool) throws -> Gate {
        let counts = try counts()
        if !hasSession, try !hasHeldSlot(request.session, principal, counts) {
            guard counts.slots < store.limits.maxSessions, try !isAnybodyAtFirstGate(counts) else { return .session }
        }
        guard counts.waiting > 0, let head = try head(of: request.pool) else { return .none(passing: nil) }
        guard try mayPass(head, count: request.count, pool: request.pool, behindNobodyAsSmall: true) else {
            return .pool
        }
        return .none(passing: head.id)
    }

    /// Whether a ticket is next at its pool's gate. A smaller one may go before the head where the pool allows that.
    func gate(for ticket: Ticket) throws -> Gate {
        guard ticket.turn != nil else { return .session }
        guard let head = try head(of: ticket.request.pool) else { return .pool }
        if head.id == ticket.id { return .none(passing: nil) }
        guard
            try mayPass(
                head, count: ticket.request.count, pool: ticket.request.pool, behindNobodyAsSmall: false)
        else { return .pool }
        return .none(passing: head.id)
    }

    private struct Counts {
        let slots: Int
        let waiting: Int
    }

    private func counts() throws -> Counts {
        let counts = try transaction.first("SELECT active_sessions + held_slots, waiting FROM host") { row in
            Counts(slots: row.int(0), waiting: row.int(1))
        }
        guard let counts else { throw BerthError(.internal, "The database has lost its counters.") }
        return counts
    }

    private struct Head {
        let id: TicketID
        let count: Int
        let passed: Int
    }

    private func head(of pool: PoolName) throws -> Head? {
        try transaction.row(
            """
            SELECT id, count, passed FROM tickets
            WHERE pool = ? AND state = 'waiting' AND turn IS NOT NULL ORDER BY turn LIMIT 1
            """, [pool.rawValue]
        ).map { Head(id: TicketID($0["id"]), count: $0["count"], passed: $0["passed"]) }
    }

    private func mayPass(_ head: Head, count: Int, pool: PoolName, behindNobodyAsSmall: Bool) throws -> Bool {
        guard store.pools[pool]?.queue == .bestEffort, count < head.count, head.passed < QueuePolicy.maxPasses else {
            return false
        }
        guard behindNobodyAsSmall else { return true }
        // One look at the beginning of an index: a newcomer does not go before one that could go as well.
        let least = try transaction.row(
            "SELECT min(count) FROM tickets WHERE pool = ? AND state = 'waiting' AND turn IS NOT NULL", [pool.rawValue])
        return least.map { count < $0[0] as Int } ?? true
    }

    private func isAnybodyAtFirstGate(_ counts: Counts) throws -> Bool {
        guard counts.waiting > 0 else { return false }
        return try transaction.row("SELECT 1 FROM tickets WHERE state = 'waiting' AND turn IS NULL LIMIT 1") != nil
    }

    private func hasHeldSlot(_ session: SessionName, _ principal: Principal, _ counts: Counts) throws -> Bool {
        guard counts.waiting > 0 else { return false }
        return try transaction.row(
            """
            SELECT 1 FROM tickets
            WHERE session = ? AND state = 'waiting' AND turn IS NOT NULL AND principal = ? LIMIT 1
            """, [session.rawValue, principal.description]) != nil
    }

    // MARK: Joining and going on

    /// Makes a ticket at the end of the line.
    /// - Parameter gate: the one that it waits at.
    /// - Throws: `queue-full`.
    func join(_ command: GrantCommand, _ wait: WaitPreference, at gate: Gate, hasSession: Bool) throws -> Ticket {
        guard try counts().waiting < store.limits.maxWaiting else {
            throw BerthError(
                .queueFull, "\(store.limits.maxWaiting) requests wait already. Ask again when some have been served.")
        }
        let request = command.request
        let principal = command.context.caller.principal
        let wish = TicketWish(
            request, ttlMilliseconds: command.ttlMilliseconds, maxPorts: command.context.caller.maxPorts)
        let owner = try ProcessColumns(command.owner, boots: store.boots)
        let deadline = now.boot.advanced(byMilliseconds: wait.ticketMilliseconds)
        let deadlineAt = now.wall.advanced(byMilliseconds: wait.ticketMilliseconds)
        let turn: Int64? = if case .session = gate { nil } else { try nextTurn() }
        let holdsSlot = try turn != nil && !hasSession && !hasHeldSlot(request.session, principal, counts())
        let key = command.context.idempotency
        try transaction.execute(
            """
            INSERT INTO tickets (principal, session, pool, count, wish, owner_boot, owner_namespace, owner_pid,
                owner_ticks, owner_inode, is_async, request_id, method, path, key, request_hash, created_at,
                deadline_boot, deadline_boot_ms, deadline_at, turn, holds_slot, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')
            """,
            [
                principal.description, request.session.rawValue, request.pool.rawValue, request.count, wish.text,
                owner.boot, owner.namespace, owner.pid, owner.ticks, owner.inode, wait.isAsync,
                command.context.requestID, key?.method, key?.path, key?.key, key?.requestHash, now.wall.milliseconds,
                store.boots.current, deadline.milliseconds, deadlineAt.milliseconds, turn, holdsSlot,
            ])
        let id = transaction.db.lastInsertedRowID
        var entry = command.context.entry(
            .ticketWaiting, reason: turn == nil ? "for a session's slot, then for ports" : "for ports")
        entry.session = request.session
        entry.pool = request.pool
        entry.holder = principal
        entry.pid = command.owner?.pid
        var details = AuditDetails.Ticket(id: id)
        details.count = request.count
        details.wish = wish
        details.owner = command.owner.map(AuditDetails.Process.init)
        details.isAsync = wait.isAsync ? true : nil
        details.deadline = AuditDetails.Deadline(
            .at(deadline: deadline, display: deadlineAt), ttlMilliseconds: nil, on: now.bootID)
        details.turn = turn
        entry.details.ticket = details
        try transaction.audit(entry)
        let ticket = try self.ticket(TicketID(id))
        transaction.follow(.waiting(ticket))
        return ticket
    }

    /// Lets tickets pass the first gate while there are slots.
    func admit() throws {
        while true {
            let counts = try counts()
            guard counts.waiting > 0, counts.slots < store.limits.maxSessions,
                let row = try transaction.row(
                    "SELECT * FROM tickets WHERE state = 'waiting' AND turn IS NULL ORDER BY id LIMIT 1")
            else { return }
            let ticket = try store.ticketRow.ticket(row)
            try pass(
                ticket, holdsSlot: !hasHeldSlot(ticket.request.session, ticket.principal, counts),
                reason: "a session's slot is free; it goes on to wait for ports")
        }
    }

    private func pass(_ ticket: Ticket, holdsSlot: Bool, reason: String) throws {
        let turn = try nextTurn()
        try transaction.execute(
            "UPDATE tickets SET turn = ?, holds_slot = ? WHERE id = ?", [turn, holdsSlot, ticket.id.number])
        var entry = ChangeContext(caller: .daemon, requestID: ticket.requestID).entry(.ticketWaiting, reason: reason)
        entry.session = ticket.request.session
        entry.pool = ticket.request.pool
        entry.holder = ticket.principal
        entry.details.ticket = AuditDetails.Ticket(id: ticket.id.number)
        entry.details.ticket?.turn = turn
        try transaction.audit(entry)
        transaction.follow(.waiting(try self.ticket(ticket.id)))
    }

    private func nextTurn() throws -> Int64 {
        guard let row = try transaction.row("UPDATE host SET last_turn = last_turn + 1 RETURNING last_turn") else {
            throw BerthError(.internal, "The database has lost its counters.")
        }
        return row[0]
    }

    // MARK: Sessions

    /// The session is active from here on: its slot is its own, and whoever waits for it at the first gate goes on.
    func started(_ session: SessionName, of principal: Principal) throws {
        guard try counts().waiting > 0 else { return }
        try transaction.execute(
            """
            UPDATE tickets SET holds_slot = 0
            WHERE session = ? AND principal = ? AND holds_slot = 1
            """, [session.rawValue, principal.description])
        let waiting = try transaction.rows(
            """
            SELECT * FROM tickets WHERE session = ? AND state = 'waiting' AND turn IS NULL AND principal = ? ORDER BY id
            """, [session.rawValue, principal.description])
        for row in waiting {
            try pass(
                try store.ticketRow.ticket(row), holdsSlot: false,
                reason: "its session is active; it goes on to wait for ports")
        }
    }

    /// The session is active no more: a ticket of it at its pool's gate keeps its slot, else it is free.
    func ended(_ session: SessionName, of principal: Principal) throws {
        guard try counts().waiting > 0 else { return }
        try keepSlot(of: session, principal)
        transaction.atClose { try admit() }
    }

    func keepSlot(of session: SessionName, _ principal: Principal) throws {
        try transaction.execute(
            """
            UPDATE tickets SET holds_slot = 1 WHERE id = (
                SELECT id FROM tickets
                WHERE session = ?1 AND state = 'waiting' AND turn IS NOT NULL AND principal = ?2 ORDER BY turn LIMIT 1)
                AND NOT EXISTS (
                    SELECT 1 FROM tickets
                    WHERE session = ?1 AND principal = ?2 AND holds_slot = 1)
            """, [session.rawValue, principal.description])
    }

    func isActive(_ session: SessionName, _ principal: Principal) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM sessions WHERE name = ? AND state = 'active' AND principal = ?",
            [session.rawValue, principal.description]) != nil
    }
}
