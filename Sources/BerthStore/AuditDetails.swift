import BerthCore
import FoundationEssentials

/// What rows became beyond what a record's own columns say, so that the state can be built again from the audit alone.
/// It is kept as JSON without blanks, its members in the order in which they stand here, nil ones left out.
package struct AuditDetails: Hashable, Sendable, Codable {
    /// The wall clock in milliseconds since 1970, where it had stepped back behind the last record's instant.
    package var wall: Int64?
    /// The number of a session's row.
    package var sessionID: Int64?
    package var lease: Grant?
    package var expiry: Deadline?
    /// An agent's port, and the process on it.
    package var port: UInt16?
    package var process: Process?
    package var rest: Rest?
    package var pool: Layout?
    package var cut: Cut?
    package var ticket: Ticket?
    /// The ticket that a grant went before.
    package var passed: Int64?
    package var token: Token?
    /// What a session was made from.
    package var template: String?

    package init() {}

    /// What a grant fixed.
    package struct Grant: Hashable, Sendable, Codable {
        package var name: String?
        package var pinned: Bool?
        package var owner: Process?
        /// Names of the first ports, in order.
        package var agents: [String]?
        package var labels: [String: String]?
    }

    /// A lease's TTL and deadline as they were set; all nil when it has none.
    package struct Deadline: Hashable, Sendable, Codable {
        package var ttl: Int64?
        package var expiresAt: Int64?
        package var boot: String?
        package var bootTime: Int64?

        enum CodingKeys: String, CodingKey {
            case boot
            case ttl = "ttl_ms"
            case expiresAt = "expires_at_ms"
            case bootTime = "boot_ms"
        }
    }

    /// A process's identity.
    package struct Process: Hashable, Sendable, Codable {
        package var boot: String
        package var namespace: UInt64
        package var pid: Int32
        package var ticks: UInt64
        package var inode: UInt64?
    }

    /// From when on the pool's quarantine counts.
    package struct Rest: Hashable, Sendable, Codable {
        package var boot: String
        package var bootTime: Int64

        enum CodingKeys: String, CodingKey {
            case boot
            case bootTime = "boot_ms"
        }
    }

    /// A pool as it was configured; no ranges when it went.
    package struct Layout: Hashable, Sendable, Codable {
        package var ranges: String
        package var excluded: String
        package var maxBlock: Int
        package var defaultTTL: Int
        package var quarantine: Int64
        /// How its line is served; nil for first come, first served.
        package var queue: String?

        enum CodingKeys: String, CodingKey {
            case ranges, excluded, queue
            case maxBlock = "max_block"
            case defaultTTL = "default_ttl_seconds"
            case quarantine = "quarantine_ms"
        }
    }

    /// Where history was cut off.
    package struct Cut: Hashable, Sendable, Codable {
        package var seq: Int64
        /// In hexadecimal: the hash of that record, and SHA-256 of the state as it stood then.
        package var hash: String
        package var digest: String
        package var archive: String?
    }

    /// A ticket: what it wishes for when it is made, then where it stands.
    package struct Ticket: Hashable, Sendable, Codable {
        package var id: Int64
        package var count: Int?
        var wish: TicketWish?
        package var owner: Process?
        package var isAsync: Bool?
        package var deadline: Deadline?
        package var turn: Int64?
        /// The code of the error that a lapsed one is answered with.
        package var code: String?
        /// Whether its client knows of its lease as soon as it asks.
        package var isRedeemed: Bool?

        enum CodingKeys: String, CodingKey {
            case id, count, wish, owner, deadline, turn, code
            case isAsync = "async"
            case isRedeemed = "redeemed"
        }
    }

    enum CodingKeys: String, CodingKey {
        case wall = "wall_ms"
        case sessionID = "session_id"
        case lease, expiry, port, process, rest, pool, cut, ticket, passed, token, template
    }
}

extension AuditDetails.Rest {
    init(from now: Moment) { self.init(boot: now.bootID.description, bootTime: now.boot.milliseconds) }
}

extension AuditDetails.Deadline {
    init(_ expiry: Expiry, ttlMilliseconds: Int64?, on boot: BootID) {
        ttl = ttlMilliseconds
        guard case .at(let deadline, let display) = expiry else { return }
        self.boot = boot.description
        bootTime = deadline.milliseconds
        expiresAt = display.milliseconds
    }
}

extension AuditDetails.Grant {
    init(_ lease: Lease) {
        name = lease.name?.rawValue
        pinned = lease.isPinned ? true : nil
        owner = lease.owner.map(AuditDetails.Process.init)
        agents = lease.agents.isEmpty ? nil : lease.agents.map(\.name.rawValue)
        labels = lease.labels.isEmpty ? nil : lease.labels
    }
}

extension AuditDetails.Process {
    init(_ process: ProcessIdentity) {
        self.init(
            boot: process.bootID.description, namespace: process.pidNamespace, pid: process.pid,
            ticks: process.startTicks, inode: process.pidfsInode)
    }
}

extension AuditDetails {
    /// As it is kept; nil when there is nothing to say.
    package var text: String? {
        var json = JSONLine()
        json.add("wall_ms", wall)
        json.add("session_id", sessionID)
        if let lease {
            json.open("lease")
            json.add("name", lease.name)
            if lease.pinned == true { json.add("pinned", raw: "true") }
            json.add("owner", lease.owner)
            if let agents = lease.agents { json.add("agents", raw: JSONLine.array(agents)) }
            json.add("labels", lease.labels)
            json.close()
        }
        json.add("expiry", expiry)
        json.add("port", port.map { Int64($0) })
        json.add("process", process)
        if let rest {
            json.open("rest")
            json.add("boot", rest.boot)
            json.add("boot_ms", rest.bootTime)
            json.close()
        }
        if let pool {
            json.open("pool")
            json.add("ranges", pool.ranges)
            json.add("excluded", pool.excluded)
            json.add("max_block", Int64(pool.maxBlock))
            json.add("default_ttl_seconds", Int64(pool.defaultTTL))
            json.add("quarantine_ms", pool.quarantine)
            json.add("queue", pool.queue)
            json.close()
        }
        if let cut {
            json.open("cut")
            json.add("seq", cut.seq)
            json.add("hash", cut.hash)
            json.add("digest", cut.digest)
            json.add("archive", cut.archive)
            json.close()
        }
        if let ticket {
            json.open("ticket")
            json.add("id", ticket.id)
            json.add("count", ticket.count.map { Int64($0) })
            if let wish = ticket.wish { json.add("wish", raw: wish.text) }
            json.add("owner", ticket.owner)
            if ticket.isAsync == true { json.add("async", raw: "true") }
            json.add("deadline", ticket.deadline)
            json.add("turn", ticket.turn)
            json.add("code", ticket.code)
            if ticket.isRedeemed == true { json.add("redeemed", raw: "true") }
            json.close()
        }
        json.add("passed", passed)
        json.add("token", token)
        json.add("template", template)
        return json.text
    }

    /// Reads what ``text`` wrote.
    package init(text: String?) throws {
        guard let text else {
            self.init()
            return
        }
        self = try JSONDecoder().decode(AuditDetails.self, from: Data(text.utf8))
    }
}

extension JSONLine {
    fileprivate mutating func add(_ key: String, _ expiry: AuditDetails.Deadline?) {
        guard let expiry else { return }
        open(key)
        add("ttl_ms", expiry.ttl)
        add("expires_at_ms", expiry.expiresAt)
        add("boot", expiry.boot)
        add("boot_ms", expiry.bootTime)
        close()
    }

    fileprivate mutating func add(_ key: String, _ process: AuditDetails.Process?) {
        guard let process else { return }
        open(key)
        add("boot", process.boot)
        add("namespace", raw: String(process.namespace))
        add("pid", Int64(process.pid))
        add("ticks", raw: String(process.ticks))
        if let inode = process.inode { add("inode", raw: String(inode)) }
        close()
    }
}
