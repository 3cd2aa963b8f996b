import BerthCore

extension LedgerState {
    /// A record that does not fit what came before.
    struct Misfit: Error {
        let says: String
    }

    /// What ended with a record, as its row must be from then on.
    enum Ended {
        /// With the ticket that it was waited for on, when nobody ever heard of it.
        case lease(Lease, Ticket?)
        case session(Session)
        case ticket(Ticket)
        case token(Token)
    }

    /// Goes through what one record reports.
    /// - Returns: what ended with it.
    mutating func apply(_ record: AuditRecord) throws -> Ended? {
        let entry = record.entry
        let details = try AuditDetails(text: record.detailsText)
        let wall = details.wall ?? record.at.milliseconds
        if entry.event != .poolChanged { renewPorts() }
        switch entry.event {
        case .daemonStarted, .daemonStopped, .daemonRestored, .auditPruned: return nil
        case .poolChanged:
            pools[try Self.needed(entry.pool).rawValue] = details.pool
            hasNewPools = true
        case .sessionStarted: try start(entry, details, wall)
        case .sessionReady, .sessionSlept, .sessionWoken, .sessionStopping: try turn(entry, details)
        case .sessionEnded: return try endSession(entry, wall)
        case .leaseGranted: try grant(entry, details, wall)
        case .leaseRenewed, .leaseAdjusted:
            try change(entry) { lease in
                lease.set(details.expiry)
                if entry.event == .leaseRenewed { lease.renewedAt = wall }
            }
        case .leaseReleased, .leaseExpired, .leaseOrphaned: return try end(entry, wall)
        case .ticketWaiting: try wait(record, details, wall)
        case .ticketGranted, .ticketCancelled, .ticketLapsed:
            return try endTicket(record, details, wall).map(Ended.ticket)
        case .ticketRedeemed: return .ticket(try redeemTicket(record, details, wall))
        case .tokenCreated: try createToken(entry, details, wall)
        case .tokenRevoked: return .token(try revokeToken(record, details, wall))
        case .ownerExited: try change(entry) { $0.ownerExitedAt = wall }
        case .agentAttached, .agentExited, .agentDetached: try changeAgents(entry, details, wall)
        case .portQuarantined: try rest(entry, details, wall)
        case .portForeign:
            try changePorts(entry) { port in
                port.clearRest()
                (port.state, port.restSince, port.restReason) = ("foreign", wall, entry.reason)
            }
        case .portRecovered:
            try changePorts(entry) { port in
                port.clearRest()
                port.state = "free"
            }
        }
        return nil
    }

    // MARK: Sessions

    private mutating func start(_ entry: AuditEntry, _ details: AuditDetails, _ wall: Int64) throws {
        let name = try Self.needed(entry.session).rawValue
        guard sessions[name] == nil else { throw Misfit(says: "session \(name) started twice") }
        sessions[name] = Session(
            id: try Self.needed(details.sessionID), name: name, principal: try Self.needed(entry.holder).description,
            createdAt: wall, template: details.template,
            phase: details.template == nil ? nil : SessionPhase.starting.rawValue)
    }

    /// A session of a template comes to another phase.
    private mutating func turn(_ entry: AuditEntry, _ details: AuditDetails) throws {
        let name = try Self.needed(entry.session).rawValue
        guard sessions[name]?.template != nil, let phase = SessionPhase(event: entry.event) else {
            throw Misfit(says: "session \(name) is of no template")
        }
        sessions[name]?.phase = phase.rawValue
        // Said of a sleep without a lease alone.
        sessions[name]?.rest = details.expiry
    }

    private mutating func endSession(_ entry: AuditEntry, _ wall: Int64) throws -> Ended {
        let name = try Self.needed(entry.session).rawValue
        guard var session = sessions.removeValue(forKey: name), session.leases == 0 else {
            throw Misfit(says: "session \(name) ended and was not there, or had leases")
        }
        (session.endedAt, session.rest) = (wall, nil)
        return .session(session)
    }

    // MARK: Leases

    private mutating func grant(_ entry: AuditEntry, _ details: AuditDetails, _ wall: Int64) throws {
        let (id, block, grant) = (
            try Self.needed(entry.lease).number, try Self.needed(entry.block), try Self.needed(details.lease)
        )
        let name = try Self.needed(entry.session).rawValue
        if let passed = details.passed { try passTicket(passed) }
        guard var session = sessions[name] else { throw Misfit(says: "lease \(id) has no session") }
        session.leases += 1
        session.ports += block.count
        sessions[name] = session
        var lease = Lease(
            id: id, session: session.id, name: grant.name, pool: try Self.needed(entry.pool).rawValue,
            firstPort: Int(block.first.number), count: block.count,
            principal: try Self.needed(entry.holder).description,
            owner: grant.owner, labels: grant.labels ?? [:], isPinned: grant.pinned ?? false, createdAt: wall,
            renewedAt: wall)
        for (name, port) in zip(grant.agents ?? [], block.ports) { lease.agents[port.number] = Agent(name: name) }
        lease.set(details.expiry)
        guard leases.updateValue(lease, forKey: id) == nil else { throw Misfit(says: "lease \(id) was granted twice") }
        try changePorts(entry) { port in
            guard port.lease == nil else { throw Misfit(says: "lease \(id) took a leased port") }
            port.clearRest()
            (port.state, port.lease) = ("leased", id)
        }
    }

    private mutating func end(_ entry: AuditEntry, _ wall: Int64) throws -> Ended {
        let id = try Self.needed(entry.lease).number
        guard var lease = leases.removeValue(forKey: id) else {
            throw Misfit(says: "lease \(id) ended and was not active")
        }
        let unheard = forgetTicket(of: id)
        (lease.deadline, lease.deadlineBoot) = (nil, nil)
        (lease.endedAt, lease.endReason) = (wall, try Self.needed(entry.reason))
        lease.state = String(entry.event.rawValue.dropFirst("lease.".count))
        for number in lease.firstPort..<(lease.firstPort + lease.count) {
            guard var port = ports[UInt16(number)], port.lease == id else {
                throw Misfit(says: "lease \(id) did not hold port \(number)")
            }
            (port.lease, port.lastLease, port.endedAt) = (nil, id, wall)
            // How long it rests stands in the record behind this one.
            port.state = entry.event == .leaseReleased ? "free" : "quarantined"
            ports[UInt16(number)] = port.pool == nil ? nil : port
        }
        let name = try Self.needed(entry.session).rawValue
        guard sessions[name]?.id == lease.session else { throw Misfit(says: "lease \(id) had no session") }
        sessions[name]?.leases -= 1
        sessions[name]?.ports -= lease.count
        return .lease(lease, unheard)
    }

    private mutating func change(_ entry: AuditEntry, _ body: (inout Lease) throws -> Void) throws {
        let id = try Self.needed(entry.lease).number
        guard var lease = leases[id] else { throw Misfit(says: "lease \(id) changed and was not active") }
        try body(&lease)
        leases[id] = lease
    }

    private mutating func changeAgents(_ entry: AuditEntry, _ details: AuditDetails, _ wall: Int64) throws {
        let name = try Self.needed(entry.agent).rawValue
        try change(entry) { lease in
            let before = lease.agents.first { $0.value.name == name }
            switch entry.event {
            case .agentAttached:
                if let before { lease.agents[before.key] = nil }
                lease.agents[try Self.needed(details.port)] = Agent(
                    name: name, state: "running", process: try Self.needed(details.process))
            case .agentExited:
                guard let before else { throw Misfit(says: "agent \(name) exited and was not there") }
                lease.agents[before.key]?.state = "exited"
                lease.agents[before.key]?.exitedAt = wall
            default:
                guard let before else { throw Misfit(says: "agent \(name) was detached and was not there") }
                lease.agents[before.key] = nil
            }
        }
    }

    // MARK: Ports

    private mutating func rest(_ entry: AuditEntry, _ details: AuditDetails, _ wall: Int64) throws {
        let (rest, pools) = (try Self.needed(details.rest), pools)
        try changePorts(entry, isWhole: entry.lease == nil) { port in
            // A rest that goes on in another boot keeps its cause.
            if port.state != "quarantined" || port.restReason == nil {
                (port.restSince, port.restReason) = (wall, entry.reason)
            }
            port.state = "quarantined"
            port.restBoot = rest.boot
            port.restUntil = rest.bootTime + (port.pool.flatMap { pools[$0] }?.quarantine ?? 0)
        }
    }

    /// - Parameter isWhole: whether all ports of the block must be there; those that left every pool are gone at the end
    ///   of their lease.
    private mutating func changePorts(
        _ entry: AuditEntry, isWhole: Bool = true, _ body: (inout Port) throws -> Void
    ) throws {
        for number in try Self.needed(entry.block).numbers {
            guard var port = ports[UInt16(number)] else {
                guard isWhole else { continue }
                throw Misfit(says: "port \(number) is in no pool")
            }
            try body(&port)
            ports[UInt16(number)] = port
        }
    }

    /// Brings the ports to the pools, once all of a start's changes of pools are known.
    mutating func renewPorts() {
        guard hasNewPools else { return }
        hasNewPools = false
        var wanted: [UInt16: String] = [:]
        for (name, layout) in pools {
            for port in layout.ports { wanted[port] = name }
        }
        for (number, port) in ports {
            let pool = wanted.removeValue(forKey: number)
            if pool == nil, port.lease == nil {
                ports[number] = nil
            } else {
                ports[number]?.pool = pool
            }
        }
        for (number, pool) in wanted { ports[number] = Port(pool: pool) }
    }

    static func needed<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Misfit(says: "it lacks what a record of its kind has") }
        return value
    }
}

extension LedgerState.Port {
    fileprivate mutating func clearRest() { (restBoot, restUntil, restSince, restReason) = (nil, nil, nil, nil) }
}

extension LedgerState.Lease {
    fileprivate mutating func set(_ expiry: AuditDetails.Deadline?) {
        (ttl, expiresAt) = (expiry?.ttl, expiry?.expiresAt)
        (deadlineBoot, deadline) = (expiry?.boot, expiry?.bootTime)
    }
}

extension AuditDetails.Layout {
    /// The ports of the ranges that are not excluded.
    fileprivate var ports: [UInt16] {
        let excluded = Set(PortBlock.list(self.excluded).flatMap(\.ports))
        return PortBlock.list(ranges).flatMap(\.ports).filter { !excluded.contains($0) }.map(\.number)
    }
}
