/// A claim on a block of ports: exclusive while it is active, and kept as a record afterwards.
package struct Lease: Hashable, Sendable {
    package let id: LeaseID
    package let session: SessionName
    package let name: LeaseName?
    package let pool: PoolName
    package let block: PortBlock
    package let principal: Principal
    /// The process whose life holds the lease, if any.
    package let owner: ProcessIdentity?
    /// When the owner's end was noted; nil while it lives, as far as Berth knows.
    package let ownerExitedAt: Instant?
    /// The named processes of the block, ascending by port.
    package var agents: [Agent]
    package let labels: [String: String]
    /// Never expires, by an administrator's will.
    package let isPinned: Bool
    /// The TTL that a renewal without one counts again; nil for a lease without an expiry.
    package var ttlMilliseconds: Int64?
    package let createdAt: Instant
    package var renewedAt: Instant
    package var state: LeaseState

    package init(
        id: LeaseID, session: SessionName, name: LeaseName?, pool: PoolName, block: PortBlock, principal: Principal,
        owner: ProcessIdentity?, ownerExitedAt: Instant? = nil, agents: [Agent], labels: [String: String],
        isPinned: Bool, ttlMilliseconds: Int64?,
        createdAt: Instant, renewedAt: Instant, state: LeaseState
    ) {
        self.id = id
        self.session = session
        self.name = name
        self.pool = pool
        self.block = block
        self.principal = principal
        self.owner = owner
        self.ownerExitedAt = ownerExitedAt
        self.agents = agents
        self.labels = labels
        self.isPinned = isPinned
        self.ttlMilliseconds = ttlMilliseconds
        self.createdAt = createdAt
        self.renewedAt = renewedAt
        self.state = state
    }

    /// The processes that hold the lease or serve on its ports, as far as Berth knows them to live.
    package var liveProcesses: [ProcessIdentity] {
        (ownerExitedAt == nil ? owner.map { [$0] } ?? [] : []) + agents.compactMap(\.state.runningProcess)
    }

    /// Whether the lease had an owner, and the owner and every agent have ended: nobody holds it any more.
    /// A lease without an owner is held by its TTL, whatever becomes of its agents.
    package var isAbandoned: Bool { owner != nil && liveProcesses.isEmpty }
}

/// Where a lease stands. It is active once, and ended for good.
package enum LeaseState: Hashable, Sendable {
    case active(Expiry)
    /// `expiry` is when it would have expired, by the wall clock.
    case ended(LeaseEnd, at: Instant, reason: String, expiry: Instant?)
}

/// When an active lease ends by itself.
package enum Expiry: Hashable, Sendable {
    case never
    /// `deadline` decides; `display` is the same moment by the wall clock, as it stood when the deadline was set.
    case at(deadline: BootTime, display: Instant)
}

/// How a lease came to its end. The raw value is its state in the API.
package enum LeaseEnd: String, Hashable, CaseIterable, Sendable {
    /// A client gave it back, or its session ended.
    case released
    /// Its TTL ran out.
    case expired
    /// Its processes are gone.
    case orphaned

    /// Whether nobody said that the ports are done with, so that they must rest before they are granted again.
    package var isAbnormal: Bool { self != .released }
}

/// A named process on one port of a lease.
package struct Agent: Hashable, Sendable {
    package let name: AgentName
    package let port: Port
    package let state: AgentState

    package init(name: AgentName, port: Port, state: AgentState) {
        self.name = name
        self.port = port
        self.state = state
    }
}

/// Where an agent stands.
package enum AgentState: Hashable, Sendable {
    /// It has a port and no process yet.
    case reserved
    case running(ProcessIdentity)
    /// Its process is gone.
    case exited(ProcessIdentity, at: Instant)

    /// The process, while it runs.
    package var runningProcess: ProcessIdentity? {
        switch self {
        case .running(let process): process
        case .reserved, .exited: nil
        }
    }
}
