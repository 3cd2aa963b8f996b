package import BerthCore

/// A ticket as it stands on the wire; a member that does not apply is null.
package struct TicketResource: Codable, Hashable, Sendable {
    package var id: Int64
    /// `waiting`, then one of `granted`, `cancelled`, `lapsed`.
    package var state: String
    /// Its place at the gate where it waits; 1 is next.
    package var position: Int?
    /// What it waits for: `session` for a session's slot, then `pool` for ports.
    package var gate: String?
    package var session: String
    package var name: String?
    package var count: Int
    package var pool: String
    package var principal: String
    package var requestID: String?
    package var createdAt: String
    /// When it lapses.
    package var deadline: String
    package var endedAt: String?
    package var leaseID: Int64?
    /// Why it ended.
    package var reason: String?
    /// A guess how long it still waits, in seconds.
    package var estimateSeconds: Double?
    package var estimateRange: EstimateRange?

    /// Between which bounds the guess would lie if leases were held as long as the middle half of the last ones.
    package struct EstimateRange: Codable, Hashable, Sendable {
        package var atLeast: Double
        package var atMost: Double

        enum CodingKeys: String, CodingKey {
            case atLeast = "at_least"
            case atMost = "at_most"
        }

        package init(atLeast: Double, atMost: Double) {
            self.atLeast = atLeast
            self.atMost = atMost
        }
    }

    enum CodingKeys: String, CodingKey {
        case id, state, position, gate, session, name, count, pool, principal, deadline, reason
        case requestID = "request_id"
        case createdAt = "created_at"
        case endedAt = "ended_at"
        case leaseID = "lease_id"
        case estimateSeconds = "estimate_seconds"
        case estimateRange = "estimate_range_seconds"
    }

    package init(
        _ ticket: Ticket, position: Int? = nil, estimateSeconds: Double? = nil, estimateRange: EstimateRange? = nil
    ) {
        id = ticket.id.number
        state = ticket.state.name
        self.position = position
        gate = ticket.state == .waiting ? (ticket.turn == nil ? "session" : "pool") : nil
        session = ticket.request.session.rawValue
        name = ticket.request.name?.rawValue
        count = ticket.request.count
        pool = ticket.request.pool.rawValue
        principal = ticket.principal.description
        requestID = ticket.requestID
        createdAt = ticket.createdAt.description
        deadline = ticket.deadlineAt.description
        switch ticket.state {
        case .waiting: break
        case .granted(let lease, let at, _): (leaseID, endedAt) = (lease.number, at.description)
        case .cancelled(let at, let reason), .lapsed(_, let at, let reason):
            (endedAt, self.reason) = (at.description, reason)
        }
        self.estimateSeconds = estimateSeconds
        self.estimateRange = estimateRange
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(state, forKey: .state)
        try container.encode(position, forKey: .position)
        try container.encode(gate, forKey: .gate)
        try container.encode(session, forKey: .session)
        try container.encode(name, forKey: .name)
        try container.encode(count, forKey: .count)
        try container.encode(pool, forKey: .pool)
        try container.encode(principal, forKey: .principal)
        try container.encode(requestID, forKey: .requestID)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(deadline, forKey: .deadline)
        try container.encode(endedAt, forKey: .endedAt)
        try container.encode(leaseID, forKey: .leaseID)
        try container.encode(reason, forKey: .reason)
        try container.encode(estimateSeconds, forKey: .estimateSeconds)
        try container.encode(estimateRange, forKey: .estimateRange)
    }
}

/// One page of `GET /v1/tickets`.
package struct TicketPage: Codable, Sendable {
    package var tickets: [TicketResource]
    /// Null on the last page.
    package var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case tickets
        case nextCursor = "next_cursor"
    }

    package init(tickets: [TicketResource], nextCursor: String?) {
        self.tickets = tickets
        self.nextCursor = nextCursor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tickets, forKey: .tickets)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}
