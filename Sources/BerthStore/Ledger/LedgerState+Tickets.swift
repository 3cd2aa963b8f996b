import BerthCore
import GRDB

extension LedgerState {
    /// A row of `tickets`, without the key for repeats: keys are forgotten after a day, and no record tells of them.
    struct Ticket: Hashable, Sendable, Codable {
        var id: Int64
        var principal: String
        var session: String
        var pool: String
        var count: Int
        var wish: TicketWish
        var owner: AuditDetails.Process?
        var isAsync = false
        var requestID: String?
        var createdAt: Int64
        var deadlineBoot: String?
        var deadline: Int64?
        var deadlineAt: Int64?
        var turn: Int64?
        var passed = 0
        var state = "waiting"
        var lease: Int64?
        var redeemedAt: Int64?
        var endedAt: Int64?
        var endCode: String?
        var endReason: String?
        var lastSeq: Int64?
    }

    /// A ticket that was made, or that went on.
    mutating func wait(_ record: AuditRecord, _ details: AuditDetails, _ wall: Int64) throws {
        let entry = record.entry
        let told = try Self.needed(details.ticket)
        var ticket: Ticket
        if let known = tickets?[told.id] {
            ticket = known
        } else {
            ticket = Ticket(
                id: told.id, principal: try Self.needed(entry.holder).description,
                session: try Self.needed(entry.session).rawValue, pool: try Self.needed(entry.pool).rawValue,
                count: try Self.needed(told.count), wish: try Self.needed(told.wish), owner: told.owner,
                isAsync: told.isAsync ?? false, requestID: entry.requestID, createdAt: wall)
        }
        if let deadline = told.deadline {
            (ticket.deadlineBoot, ticket.deadline, ticket.deadlineAt) = (
                deadline.boot, deadline.bootTime, deadline.expiresAt
            )
        }
        if let turn = told.turn {
            guard ticket.turn == nil else { throw Misfit(says: "ticket \(told.id) got two turns") }
            ticket.turn = turn
        }
        tickets = (tickets ?? [:]).merging([told.id: ticket]) { $1 }
    }

    /// A ticket that left the line.
    /// - Returns: the ticket, when nothing more comes of it.
    mutating func endTicket(_ record: AuditRecord, _ details: AuditDetails, _ wall: Int64) throws -> Ticket? {
        let entry = record.entry
        let told = try Self.needed(details.ticket)
        guard var ticket = tickets?[told.id], ticket.state == "waiting" else {
            throw Misfit(says: "ticket \(told.id) ended and did not wait")
        }
        (ticket.endedAt, ticket.endReason, ticket.lastSeq) = (wall, try Self.needed(entry.reason), record.seq)
        switch entry.event {
        case .ticketGranted:
            (ticket.state, ticket.lease) = ("granted", try Self.needed(entry.lease).number)
            guard told.isRedeemed == true else {
                tickets?[told.id] = ticket
                return nil
            }
            ticket.redeemedAt = wall
        case .ticketLapsed: (ticket.state, ticket.endCode) = ("lapsed", try Self.needed(told.code))
        default: ticket.state = "cancelled"
        }
        tickets?[told.id] = nil
        return ticket
    }

    /// A ticket whose client heard of its lease.
    mutating func redeemTicket(_ record: AuditRecord, _ details: AuditDetails, _ wall: Int64) throws -> Ticket {
        let told = try Self.needed(details.ticket)
        guard var ticket = tickets?.removeValue(forKey: told.id), ticket.state == "granted" else {
            throw Misfit(says: "ticket \(told.id) was redeemed and was not granted")
        }
        (ticket.redeemedAt, ticket.lastSeq) = (wall, record.seq)
        return ticket
    }

    /// A wish went before a ticket.
    mutating func passTicket(_ id: Int64) throws {
        guard tickets?[id]?.state == "waiting" else { throw Misfit(says: "ticket \(id) was passed and did not wait") }
        tickets?[id]?.passed += 1
    }

    /// Nobody hears of a lease any more that has ended.
    mutating func forgetTicket(of lease: Int64) -> Ticket? {
        guard let id = tickets?.first(where: { $0.value.lease == lease })?.key else { return nil }
        return tickets?.removeValue(forKey: id)
    }
}

extension LedgerState.Ticket {
    init(_ row: Row, _ boots: BootRegistry) throws {
        self.init(
            id: row["id"], principal: row["principal"], session: row["session"], pool: row["pool"],
            count: row["count"], wish: try TicketWish(kept: row["wish"]),
            owner: try AuditDetails.Process(row, prefix: "owner", boots), isAsync: try row.truth("is_async"),
            requestID: row["request_id"], createdAt: row["created_at"],
            deadlineBoot: try boots.boot(row["deadline_boot"]).description, deadline: row["deadline_boot_ms"],
            deadlineAt: row["deadline_at"], turn: row["turn"], passed: row["passed"], state: row["state"],
            lease: row["lease_id"], redeemedAt: row["redeemed_at"], endedAt: row["ended_at"], endCode: row["end_code"],
            endReason: row["end_reason"], lastSeq: row["last_seq"])
    }

    /// The ticket of that id; nil when there is none.
    static func fetch(_ id: Int64, _ db: Database, _ boots: BootRegistry) throws -> Self? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM tickets WHERE id = ?"), arguments: [id])
            .map { try Self($0, boots) }
    }
}
