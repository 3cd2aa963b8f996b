package import BerthCore

/// A pool as it stands on the wire; size = free + leased + quarantined + foreign.
package struct PoolResource: Codable, Hashable, Sendable {
    /// Consecutive ports, both ends included.
    package struct Range: Codable, Hashable, Sendable {
        package var first: Int
        package var last: Int

        package init(first: Int, last: Int) {
            self.first = first
            self.last = last
        }
    }

    package var name: String
    package var ranges: [Range]
    package var exclude: [Int]
    package var size: Int
    package var free: Int
    package var leased: Int
    package var quarantined: Int
    package var foreign: Int
    package var largestFreeBlock: Int
    package var waiting: Int
    package var maxBlock: Int
    package var defaultTTLSeconds: Int64
    package var quarantineSeconds: Double
    /// `fifo` or `best-effort`.
    package var queue: String

    enum CodingKeys: String, CodingKey {
        case name, ranges, exclude, size, free, leased, quarantined, foreign, waiting, queue
        case largestFreeBlock = "largest_free_block"
        case maxBlock = "max_block"
        case defaultTTLSeconds = "default_ttl_seconds"
        case quarantineSeconds = "quarantine_seconds"
    }

    package init(_ pool: Pool, _ figures: PoolFigures, largestFreeBlock: Int, waiting: Int) {
        name = pool.name.rawValue
        ranges = pool.ranges.map { Range(first: Int($0.first.number), last: Int($0.last.number)) }
        exclude = pool.excluded.filter { port in pool.ranges.contains { $0.contains(port) } }
            .map { Int($0.number) }.sorted()
        size = figures.size
        free = figures.free
        leased = figures.leased
        quarantined = figures.quarantined
        foreign = figures.foreign
        self.largestFreeBlock = largestFreeBlock
        self.waiting = waiting
        maxBlock = pool.maxBlock
        defaultTTLSeconds = pool.defaultTTLSeconds
        quarantineSeconds = pool.quarantineSeconds
        queue = pool.queue.rawValue
    }
}

/// One port as it stands on the wire; a member that does not apply, or that the caller may not know, is null.
package struct PortResource: Codable, Hashable, Sendable {
    package var port: Int
    package var pool: String?
    /// `free`, `leased`, `quarantined`, `foreign`, `unmanaged`.
    package var state: String
    package var lease: LeaseResource?
    package var listeners: [ListenerResource]
    /// When the present state began.
    package var since: String?
    /// The evidence for the present state, in words.
    package var reason: String?
    /// The earliest end of a quarantine.
    package var restsUntil: String?
    /// The lease that the port was in last, when it is in none now.
    package var lastLease: LeaseResource?

    enum CodingKeys: String, CodingKey {
        case port, pool, state, lease, listeners, since, reason
        case restsUntil = "rests_until"
        case lastLease = "last_lease"
    }

    package init(
        port: Int, pool: String?, state: String, lease: LeaseResource?, listeners: [ListenerResource],
        since: String? = nil, reason: String? = nil, restsUntil: String? = nil, lastLease: LeaseResource? = nil
    ) {
        self.port = port
        self.pool = pool
        self.state = state
        self.lease = lease
        self.listeners = listeners
        self.since = since
        self.reason = reason
        self.restsUntil = restsUntil
        self.lastLease = lastLease
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(port, forKey: .port)
        try container.encode(pool, forKey: .pool)
        try container.encode(state, forKey: .state)
        try container.encode(lease, forKey: .lease)
        try container.encode(listeners, forKey: .listeners)
        try container.encode(since, forKey: .since)
        try container.encode(reason, forKey: .reason)
        try container.encode(restsUntil, forKey: .restsUntil)
        try container.encode(lastLease, forKey: .lastLease)
    }
}

/// A socket that is bound to a port.
package struct ListenerResource: Codable, Hashable, Sendable {
    package var `protocol`: String
    package var address: String
    package var pid: Int32?
    package var command: String?

    package init(_ listener: PortListener) {
        `protocol` = listener.transport.rawValue
        address = listener.address
        pid = listener.pid
        command = listener.command
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(`protocol`, forKey: .protocol)
        try container.encode(address, forKey: .address)
        try container.encode(pid, forKey: .pid)
        try container.encode(command, forKey: .command)
    }
}
