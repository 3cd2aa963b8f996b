/// A lease as it stands on the wire. Instants are RFC 3339; a member without a value is null, never left out.
package struct LeaseResource: Codable, Hashable, Sendable {
    package var id: Int64
    package var session: String
    package var name: String?
    package var pool: String
    package var firstPort: Int
    package var count: Int
    package var ports: [Int]
    /// `active`, `released`, `expired`, `orphaned`.
    package var state: String
    package var principal: String
    package var owner: OwnerResource?
    package var agents: [AgentResource]
    package var labels: [String: String]
    package var pinned: Bool
    package var createdAt: String
    package var renewedAt: String
    package var expiresAt: String?
    package var endedAt: String?
    package var endReason: String?

    enum CodingKeys: String, CodingKey {
        case id, session, name, pool, count, ports, state, principal, owner, agents, labels, pinned
        case firstPort = "first_port"
        case createdAt = "created_at"
        case renewedAt = "renewed_at"
        case expiresAt = "expires_at"
        case endedAt = "ended_at"
        case endReason = "end_reason"
    }

    package init(
        id: Int64, session: String, name: String?, pool: String, firstPort: Int, count: Int, ports: [Int],
        state: String, principal: String, owner: OwnerResource?, agents: [AgentResource], labels: [String: String],
        pinned: Bool, createdAt: String, renewedAt: String, expiresAt: String?, endedAt: String?, endReason: String?
    ) {
        self.id = id
        self.session = session
        self.name = name
        self.pool = pool
        self.firstPort = firstPort
        self.count = count
        self.ports = ports
        self.state = state
        self.principal = principal
        self.owner = owner
        self.agents = agents
        self.labels = labels
        self.pinned = pinned
        self.createdAt = createdAt
        self.renewedAt = renewedAt
        self.expiresAt = expiresAt
        self.endedAt = endedAt
        self.endReason = endReason
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(session, forKey: .session)
        try container.encode(name, forKey: .name)
        try container.encode(pool, forKey: .pool)
        try container.encode(firstPort, forKey: .firstPort)
        try container.encode(count, forKey: .count)
        try container.encode(ports, forKey: .ports)
        try container.encode(state, forKey: .state)
        try container.encode(principal, forKey: .principal)
        try container.encode(owner, forKey: .owner)
        try container.encode(agents, forKey: .agents)
        try container.encode(labels, forKey: .labels)
        try container.encode(pinned, forKey: .pinned)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(renewedAt, forKey: .renewedAt)
        try container.encode(expiresAt, forKey: .expiresAt)
        try container.encode(endedAt, forKey: .endedAt)
        try container.encode(endReason, forKey: .endReason)
    }
}

/// The process whose life holds a lease.
package struct OwnerResource: Codable, Hashable, Sendable {
    package var pid: Int32
    package var startedAt: String?
    package var alive: Bool

    enum CodingKeys: String, CodingKey {
        case pid, alive
        case startedAt = "started_at"
    }

    package init(pid: Int32, startedAt: String?, alive: Bool) {
        self.pid = pid
        self.startedAt = startedAt
        self.alive = alive
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pid, forKey: .pid)
        try container.encode(startedAt, forKey: .startedAt)
        try container.encode(alive, forKey: .alive)
    }
}

/// A named process on one of a lease's ports.
package struct AgentResource: Codable, Hashable, Sendable {
    package var name: String
    package var port: Int
    /// `reserved`, `running`, `exited`.
    package var state: String
    package var pid: Int32?

    package init(name: String, port: Int, state: String, pid: Int32?) {
        self.name = name
        self.port = port
        self.state = state
        self.pid = pid
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(port, forKey: .port)
        try container.encode(state, forKey: .state)
        try container.encode(pid, forKey: .pid)
    }
}
