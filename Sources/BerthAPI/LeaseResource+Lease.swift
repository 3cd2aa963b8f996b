package import BerthCore

extension LeaseResource {
    /// The lease as its reader sees it.
    /// - Parameters:
    ///   - isAlive: whether a process still lives, asked for a live lease's owner only.
    ///   - startInstant: when a process started, by the wall clock.
    package init(
        _ lease: Lease, isAlive: (ProcessIdentity) -> Bool, startInstant: (ProcessIdentity) -> Instant?
    ) {
        let first = Int(lease.block.first.number)
        self.init(
            id: lease.id.number, session: lease.session.rawValue, name: lease.name?.rawValue,
            pool: lease.pool.rawValue, firstPort: first, count: lease.block.count,
            ports: Array(first..<first + lease.block.count), state: lease.state.name,
            principal: lease.principal.description, owner: nil, agents: lease.agents.map(AgentResource.init),
            labels: lease.labels, pinned: lease.isPinned, createdAt: lease.createdAt.description,
            renewedAt: lease.renewedAt.description, expiresAt: lease.state.expiry?.description,
            endedAt: lease.state.end?.at.description, endReason: lease.state.end?.reason)
        owner = lease.owner.map { process in
            OwnerResource(
                pid: process.pid, startedAt: startInstant(process)?.description,
                alive: lease.state.end == nil && isAlive(process))
        }
    }
}

extension LeaseState {
    /// The state's name on the wire.
    package var name: String {
        switch self {
        case .active: "active"
        case .ended(let end, _, _, _): end.rawValue
        }
    }

    fileprivate var expiry: Instant? {
        switch self {
        case .active(.never): nil
        case .active(.at(_, let display)): display
        case .ended(_, _, _, let expiry): expiry
        }
    }

    fileprivate var end: (at: Instant, reason: String)? {
        switch self {
        case .active: nil
        case .ended(_, let at, let reason, _): (at, reason)
        }
    }
}

extension AgentResource {
    fileprivate init(_ agent: Agent) {
        let process: ProcessIdentity? =
            switch agent.state {
            case .reserved: nil
            case .running(let process), .exited(let process, _): process
            }
        self.init(name: agent.name.rawValue, port: Int(agent.port.number), state: agent.state.word, pid: process?.pid)
    }
}

extension AgentState {
    /// As the API has it.
    var word: String {
        switch self {
        case .reserved: "reserved"
        case .running: "running"
        case .exited: "exited"
        }
    }
}
