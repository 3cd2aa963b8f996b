/// The body of `POST /v1/reap`; without one, or without its member, the sweep is done.
package struct ReapRequest: Codable, Hashable, Sendable {
    /// Whether the sweep is only told and nothing is changed.
    package var dryRun: Bool

    enum CodingKeys: String, CodingKey { case dryRun = "dry_run" }

    package init(dryRun: Bool) { self.dryRun = dryRun }

    package init(from decoder: any Decoder) throws {
        var reader = try RequestReader(decoder, known: ["dry_run"])
        dryRun = reader.value("dry_run", Bool.self, "true or false") ?? false
        try reader.check()
    }
}

/// The answer of `POST /v1/reap`: what one sweep decided, in the order in which it did.
package struct ReapReport: Codable, Hashable, Sendable {
    package var dryRun: Bool
    package var decisions: [ReapDecision]

    enum CodingKeys: String, CodingKey {
        case decisions
        case dryRun = "dry_run"
    }

    package init(dryRun: Bool, decisions: [ReapDecision]) {
        self.dryRun = dryRun
        self.decisions = decisions
    }
}

/// What a sweep does with one lease, agent or block of ports, and why.
package struct ReapDecision: Codable, Hashable, Sendable {
    /// What is done. The raw value stands on the wire.
    package enum Action: String, Codable, Hashable, CaseIterable, Sendable {
        /// The lease's processes are gone.
        case orphan
        /// The lease's time has run out.
        case expire
        /// An agent's process is gone; its lease stays.
        case exit
        /// Ports that rested are free again.
        case recover
        /// Ports go on resting: their time is not over, or something still holds them.
        case keep
        /// Ports are a stranger's.
        case foreign
    }

    package var action: Action
    package var leaseID: Int64?
    package var session: String?
    package var pool: String?
    /// The first of the ports that are meant; null when no port is.
    package var firstPort: Int?
    /// How many ports are meant.
    package var count: Int?
    /// The agent that is meant.
    package var agent: String?
    /// The process that the evidence is about.
    package var pid: Int32?
    /// Why, for people.
    package var evidence: String

    enum CodingKeys: String, CodingKey {
        case action, session, pool, count, agent, pid, evidence
        case leaseID = "lease_id"
        case firstPort = "first_port"
    }

    package init(
        action: Action, leaseID: Int64? = nil, session: String? = nil, pool: String? = nil, firstPort: Int? = nil,
        count: Int? = nil, agent: String? = nil, pid: Int32? = nil, evidence: String
    ) {
        self.action = action
        self.leaseID = leaseID
        self.session = session
        self.pool = pool
        self.firstPort = firstPort
        self.count = count
        self.agent = agent
        self.pid = pid
        self.evidence = evidence
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(action, forKey: .action)
        try container.encode(leaseID, forKey: .leaseID)
        try container.encode(session, forKey: .session)
        try container.encode(pool, forKey: .pool)
        try container.encode(firstPort, forKey: .firstPort)
        try container.encode(count, forKey: .count)
        try container.encode(agent, forKey: .agent)
        try container.encode(pid, forKey: .pid)
        try container.encode(evidence, forKey: .evidence)
    }
}
