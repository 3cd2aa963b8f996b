/// A wish for a block of ports, checked in form. What only the pool and the database know is checked later.
package struct GrantRequest: Hashable, Sendable {
    package var session: SessionName
    package var count: Int
    package var name: LeaseName?
    package var pool: PoolName
    package var ttl: RequestedTTL
    /// The process whose life holds the lease.
    package var owner: RequestedProcess?
    /// Names for the first ports, in order.
    package var agents: [AgentName]
    /// The first port is a multiple of it.
    package var align: Int
    package var placement: Placement
    package var labels: [String: String]
    package var isPinned: Bool
    /// Set when the block is for the agents of a session that is made from a template.
    package var template: TemplateStart?
    /// The row of a session that sleeps without a lease, when it is to be woken and nothing else: its own terms hold, and no
    /// session is started in its place. Nil for every other wish.
    package var wakes: Int64?

    package init(
        session: SessionName, count: Int, name: LeaseName? = nil, pool: PoolName = .standard,
        ttl: RequestedTTL = .byDefault, owner: RequestedProcess? = nil, agents: [AgentName] = [], align: Int = 1,
        placement: Placement = .anywhere, labels: [String: String] = [:], isPinned: Bool = false,
        template: TemplateStart? = nil, wakes: Int64? = nil
    ) {
        self.session = session
        self.count = count
        self.name = name
        self.pool = pool
        self.ttl = ttl
        self.owner = owner
        self.agents = agents
        self.align = align
        self.placement = placement
        self.labels = labels
        self.isPinned = isPinned
        self.template = template
        self.wakes = wakes
    }

    /// Where the block should lie.
    package enum Placement: Hashable, Sendable {
        case anywhere
        /// There if it can be, else anywhere.
        case preferred(Port)
        /// There or not at all.
        case exactly(Port)
    }
}

/// How a request names a process.
package enum RequestedProcess: Hashable, Sendable {
    /// By a number, which the caller must be allowed to name.
    case pid(Int32)
    /// The caller itself, whom the kernel identified: that needs no permission.
    case caller(ProcessIdentity)
}

/// What a request says about a lease's life.
package enum RequestedTTL: Hashable, Sendable {
    /// Nothing: the pool's default, or none when a process holds the lease.
    case byDefault
    /// `null`: no expiry.
    case never
    case seconds(Int64)
}

/// The most that a request may ask for, and bounds on what it may contain.
package enum RequestBounds {
    /// Ten years; longer is better said as a pinned lease.
    package static let ttlSeconds: ClosedRange<Int64> = 1...315_360_000
    package static let labels = 16
    /// Of a token: there are no more ports.
    package static let quota = 1...65_535
    package static let labelKeyBytes = 1...63
    package static let labelValueBytes = 0...255
}
