package import BerthCore
import FoundationEssentials
import GRDB

/// Tickets: looking them up, leaving the line, and what becomes of a lease whose client has not heard of it.
extension LeaseStore {
    var ticketRow: TicketRow { TicketRow(boots: boots) }

    /// A ticket that the caller may see, ended ones too; nil when there is none.
    package func ticket(_ id: TicketID, for caller: Caller) async throws(BerthError) -> Ticket? {
        try look { db in try fetchTicket(id, db).flatMap { caller.maySee($0.principal) ? $0 : nil } }
    }

    /// Waiting tickets in ascending order of their ids.
    /// - Parameter principal: nil for everybody's.
    package func waitingTickets(
        of principal: Principal? = nil, session: SessionName? = nil, pool: PoolName? = nil,
        after: TicketID = TicketID(0), limit: Int
    ) async throws(BerthError) -> [Ticket] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM tickets
                        WHERE state = 'waiting' AND id > ?1 AND (?2 IS NULL OR principal = ?2)
                            AND (?3 IS NULL OR session = ?3) AND (?4 IS NULL OR pool = ?4)
                        ORDER BY id LIMIT ?5
                        """),
                arguments: [
                    after.number, principal?.description, session?.rawValue, pool?.rawValue, limit,
                ]
            ).map(ticketRow.ticket)
        }
    }

    /// Granted tickets whose clients have not heard of their leases, which are active still.
    package func unredeemedTickets() async throws(BerthError) -> [Ticket] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT tickets.* FROM tickets JOIN leases ON leases.id = lease_id AND leases.state = 'active'
                    WHERE tickets.state = 'granted' AND redeemed_at IS NULL ORDER BY tickets.id
                    """
            ).map(ticketRow.ticket)
        }
    }

    /// Takes a waiting ticket out of the line, and does nothing to one that waits no more.
    /// - Returns: the ticket as it is then; nil when the caller sees none.
    package func leave(
        _ id: TicketID, _ end: TicketEnd, _ context: ChangeContext
    ) async throws(BerthError) -> Ticket? {
        try await queue.submit(as: .givesBack) { transaction in
            guard let ticket = try fetchTicket(id, transaction.db), context.caller.maySee(ticket.principal) else {
                return nil
            }
            guard ticket.state == .waiting else { return ticket }
            let line = Line(store: self, transaction: transaction)
            try line.end(ticket, end, context)
            return try line.ticket(id)
        }
    }

    /// Takes a ticket out of the line whose client went away before it heard anything. Where it was granted meanwhile, the
    /// lease is released.
    /// - Parameter isUnheard: whether the caller knows that nobody heard of the lease, though it was recorded that somebody
    ///   was about to.
    /// - Returns: the ticket as it is then; nil when there is none.
    package func abandon(
        _ id: TicketID, reason: String, isUnheard: Bool = false, _ context: ChangeContext
    ) async throws(BerthError) -> Ticket? {
        try await queue.submit(as: .givesBack) { transaction in
            guard let ticket = try fetchTicket(id, transaction.db) else { return nil }
            let line = Line(store: self, transaction: transaction)
            switch ticket.state {
            case .waiting: try line.end(ticket, .cancelled(reason), context)
            case .granted(let lease, _, let isRedeemed):
                guard isUnheard || !isRedeemed, let lease = try self.lease(lease, transaction.db),
                    case .active = lease.state
                else { break }
                _ = try transaction.end(
                    lease, .released, reason: "nobody heard of it: \(reason)", context, self)
            case .cancelled, .lapsed: break
            }
            return try line.ticket(id)
        }
    }

    /// Notes that the ticket's client is about to hear of its lease: from here on nobody takes it back.
    /// - Returns: the lease as it stands; nil when it has ended already.
    package func redeem(
        _ id: TicketID, reason: String, _ context: ChangeContext
    ) async throws(BerthError) -> Lease? {
        try await queue.submit { transaction in
            guard let ticket = try fetchTicket(id, transaction.db), case .granted(let granted, _, _) = ticket.state
            else { return nil }
            guard let lease = try lease(granted, transaction.db), case .active = lease.state else { return nil }
            try transaction.redeem(granted, reason: reason, context, self)
            return lease
        }
    }

    /// Keeps a ticket as the outcome of its request, when that is answered with it.
    package func answer(with id: TicketID, _ context: ChangeContext) async throws(BerthError) {
        guard context.idempotency != nil else { return }
        try await queue.submit { transaction in try transaction.storeTicket(id, context) }
    }

    func fetchTicket(_ id: TicketID, _ db: Database) throws -> Ticket? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM tickets WHERE id = ?"), arguments: [id.number]
        ).map(ticketRow.ticket)
    }

    /// The key that the ticket's request came with.
    func idempotencyKey(of id: TicketID) async throws(BerthError) -> IdempotencyKey? {
        try look { db in
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(sql: "SELECT method, path, key, request_hash FROM tickets WHERE id = ?"),
                    arguments: [id.number]), let key: String = row["key"]
            else { return nil }
            return IdempotencyKey(
                method: row["method"], path: row["path"], key: key, requestHash: row["request_hash"])
        }
    }

    /// In whose name a ticket is granted: its own, under the request that it came with.
    package func context(of ticket: Ticket) async throws(BerthError) -> ChangeContext {
        ChangeContext(
            caller: Caller(
                principal: ticket.principal, isAdministrator: false, mayNameProcesses: false,
                maxPorts: ticket.maxPorts),
            requestID: ticket.requestID, idempotency: ticket.hasKey ? try await idempotencyKey(of: ticket.id) : nil)
    }
}

extension WriteTransaction {
    /// Notes that whoever waited for the lease hears of it now. It does nothing to any other lease.
    func redeem(_ lease: LeaseID, reason: String, _ context: ChangeContext, _ store: LeaseStore) throws {
        let found = try row(
            """
            SELECT tickets.* FROM tickets JOIN leases ON leases.id = lease_id AND leases.state = 'active'
            WHERE lease_id = ? AND tickets.state = 'granted' AND redeemed_at IS NULL
            """, [lease.number])
        guard let found else { return }
        let ticket = try store.ticketRow.ticket(found)
        var entry = Line(store: store, transaction: self).entry(.ticketRedeemed, ticket, context)
        entry.reason = reason
        entry.lease = lease
        try audit(entry)
        try execute(
            "UPDATE tickets SET redeemed_at = ?, last_seq = ? WHERE id = ?",
            [now.wall.milliseconds, chain.seq, ticket.id.number])
    }

    /// Brings the line over a start: connections have ended with the daemon before, and with an earlier boot their clients.
    func reconcileLine(_ store: LeaseStore, _ context: ChangeContext) throws {
        let line = Line(store: store, transaction: self)
        for row in try rows("SELECT * FROM tickets WHERE state = 'waiting' ORDER BY id") {
            let ticket = try store.ticketRow.ticket(row)
            if let end = try end(at: store, ticket, isOfThisBoot: row["deadline_boot"] == store.boots.current) {
                try line.end(ticket, end, context)
            } else if row["deadline_boot"] != store.boots.current {
                // What is left of it by the wall clock counts on in this boot.
                let left = min(
                    max(0, ticket.deadlineAt.milliseconds - now.wall.milliseconds),
                    WaitPreference.asyncTicketSeconds * 1000)
                try execute(
                    "UPDATE tickets SET deadline_boot = ?, deadline_boot_ms = ? WHERE id = ?",
                    [store.boots.current, now.boot.advanced(byMilliseconds: left).milliseconds, ticket.id.number])
                var entry = line.entry(.ticketWaiting, ticket, context)
                entry.reason = "the host was started anew; what is left of its time counts on"
                entry.details.ticket?.deadline = AuditDetails.Deadline(
                    .at(deadline: now.boot.advanced(byMilliseconds: left), display: ticket.deadlineAt),
                    ttlMilliseconds: nil, on: now.bootID)
                try audit(entry)
            }
        }
        try line.admit()
    }

    /// Why a ticket does not outlive a start; nil when it does.
    private func end(at store: LeaseStore, _ ticket: Ticket, isOfThisBoot: Bool) throws -> TicketEnd? {
        if !ticket.isAsync, !isOfThisBoot { return .cancelled("its client ended with its boot") }
        if !ticket.isAsync, !ticket.hasKey {
            return .cancelled("its client's connection ended with the daemon, and it gave no Idempotency-Key")
        }
        guard let pool = store.pools[ticket.request.pool] else {
            return .lapsed(.invalidField, "there is no pool \(ticket.request.pool) any more")
        }
        guard ticket.request.count <= pool.maxBlock,
            pool.canEverHold(count: ticket.request.count, align: ticket.request.align)
        else {
            return .lapsed(.invalidField, "the pool \(pool.name) can't hold such a block any more")
        }
        return nil
    }
}
