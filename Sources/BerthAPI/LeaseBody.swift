/// The body of `POST /v1/leases` as a client sends it: only what was asked for.
package struct LeaseBody: Encodable, Sendable {
    package var session: String
    package var count: Int
    package var name: String?
    package var pool: String?
    package var ttlSeconds: Int64?
    package var ownerPID: Int32?
    /// The process that sends this is the owner, by the kernel's word.
    package var ownerSelf: Bool?
    package var agents: [String]?
    package var firstPort: Int?

    enum CodingKeys: String, CodingKey {
        case session, count, name, pool, agents
        case ttlSeconds = "ttl_seconds"
        case ownerPID = "owner_pid"
        case ownerSelf = "owner_self"
        case firstPort = "first_port"
    }

    package init(
        session: String, count: Int, name: String? = nil, pool: String? = nil, ttlSeconds: Int64? = nil,
        ownerPID: Int32? = nil, ownerSelf: Bool? = nil, agents: [String]? = nil, firstPort: Int? = nil
    ) {
        self.session = session
        self.count = count
        self.name = name
        self.pool = pool
        self.ttlSeconds = ttlSeconds
        self.ownerPID = ownerPID
        self.ownerSelf = ownerSelf
        self.agents = agents
        self.firstPort = firstPort
    }
}

/// The body of `POST /v1/leases/{id}/renew` as a client sends it.
package struct RenewBody: Encodable, Sendable {
    package var ttlSeconds: Int64?

    enum CodingKeys: String, CodingKey { case ttlSeconds = "ttl_seconds" }

    package init(ttlSeconds: Int64?) { self.ttlSeconds = ttlSeconds }
}
