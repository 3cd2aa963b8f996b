package import BerthCore
import GRDB

/// How tickets leave the line.
extension Line {
    /// A smaller wish goes before the head.
    func pass(_ head: TicketID) throws {
        try transaction.execute("UPDATE tickets SET passed = passed + 1 WHERE id = ?", [head.number])
        transaction.follow(.waiting(try ticket(head)))
    }

    /// The ticket got a lease.
    func granted(_ ticket: Ticket, _ lease: Lease) throws {
        let waited = max(0, now.wall.milliseconds - ticket.createdAt.milliseconds)
        var entry = self.entry(.ticketGranted, ticket, ChangeContext(caller: .daemon, requestID: ticket.requestID))
        entry.reason = "it waited \(waited) ms"
        entry.lease = lease.id
        entry.block = lease.block
        entry.details.ticket?.isRedeemed = ticket.isAsync ? true : nil
        try transaction.audit(entry)
        let changed = try transaction.changes(
            """
            UPDATE tickets SET state = 'granted', holds_slot = 0, lease_id = ?1, redeemed_at = ?2, ended_at = ?3,
                end_reason = ?4, last_seq = ?5
            WHERE id = ?6 AND state = 'waiting'
            """,
            [
                lease.id.number, ticket.isAsync ? now.wall.milliseconds : nil, now.wall.milliseconds, entry.reason,
                transaction.chain.seq, ticket.id.number,
            ])
        guard changed == 1 else { throw BerthError(.internal, "Ticket \(ticket.id) changed under its grant.") }
        transaction.follow(.served(try self.ticket(ticket.id), lease))
    }

    /// The ticket leaves the line without a lease.
    func end(_ ticket: Ticket, _ end: TicketEnd, _ context: ChangeContext) throws {
        var entry = self.entry(end.code == nil ? .ticketCancelled : .ticketLapsed, ticket, context)
        entry.reason = end.reason
        entry.details.ticket?.code = end.code?.rawValue
        try transaction.audit(entry)
        let changed = try transaction.changes(
            """
            UPDATE tickets SET state = ?, holds_slot = 0, ended_at = ?, end_code = ?, end_reason = ?, last_seq = ?
            WHERE id = ? AND state = 'waiting'
            """,
            [
                end.code == nil ? "cancelled" : "lapsed", now.wall.milliseconds, end.code?.rawValue, end.reason,
                transaction.chain.seq, ticket.id.number,
            ])
        guard changed == 1 else { throw BerthError(.internal, "Ticket \(ticket.id) changed under its end.") }
        if ticket.turn != nil, try !isActive(ticket.request.session, ticket.principal) {
            try keepSlot(of: ticket.request.session, ticket.principal)
            transaction.atClose { try admit() }
        }
        transaction.follow(.left(try self.ticket(ticket.id)))
    }

    func entry(_ event: AuditEvent, _ ticket: Ticket, _ context: ChangeContext) -> AuditEntry {
        var entry = context.entry(event)
        entry.session = ticket.request.session
        entry.pool = ticket.request.pool
        entry.holder = ticket.principal
        entry.details.ticket = AuditDetails.Ticket(id: ticket.id.number)
        return entry
    }

    func ticket(_ id: TicketID) throws -> Ticket {
        guard let ticket = try store.fetchTicket(id, transaction.db) else {
            throw BerthError(.internal, "Ticket \(id) is missing.")
        }
        return ticket
    }
}

/// Why a ticket ends without a lease: cancelled where there is no code, else lapsed.
package struct TicketEnd: Hashable, Sendable {
    /// The error that whoever waits is answered with.
    package let code: ErrorCode?
    package let reason: String

    /// Its client left, or nobody can take the lease any more.
    package static func cancelled(_ reason: String) -> TicketEnd { TicketEnd(code: nil, reason: reason) }
    /// It can't be granted any more.
    package static func lapsed(_ code: ErrorCode, _ reason: String) -> TicketEnd {
        TicketEnd(code: code, reason: reason)
    }
}
