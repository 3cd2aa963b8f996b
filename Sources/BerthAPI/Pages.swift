/// One page of `GET /v1/leases`.
package struct LeasePage: Codable, Sendable {
    package var leases: [LeaseResource]
    /// Null on the last page.
    package var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case leases
        case nextCursor = "next_cursor"
    }

    package init(leases: [LeaseResource], nextCursor: String?) {
        self.leases = leases
        self.nextCursor = nextCursor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(leases, forKey: .leases)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

/// One page of `GET /v1/sessions`.
package struct SessionPage: Codable, Sendable {
    package var sessions: [SessionResource]
    /// Null on the last page.
    package var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case sessions
        case nextCursor = "next_cursor"
    }

    package init(sessions: [SessionResource], nextCursor: String?) {
        self.sessions = sessions
        self.nextCursor = nextCursor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(sessions, forKey: .sessions)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}

/// The answer of `GET /v1/pools`: all of them, on one page.
package struct PoolPage: Codable, Sendable {
    package var pools: [PoolResource]
    package var nextCursor: String?

    enum CodingKeys: String, CodingKey {
        case pools
        case nextCursor = "next_cursor"
    }

    package init(pools: [PoolResource]) { self.pools = pools }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pools, forKey: .pools)
        try container.encode(nextCursor, forKey: .nextCursor)
    }
}
