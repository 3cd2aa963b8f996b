import BerthCore
import FoundationEssentials
import GRDB

/// The same, as the rows say it.
extension LedgerState {
    /// What lives, and every port.
    init(_ db: Database, _ boots: BootRegistry) throws {
        for row in try Row.fetchAll(db, sql: "SELECT * FROM sessions WHERE state = 'active'") {
            sessions[row["name"]] = try Session(row, boots)
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM leases WHERE state = 'active'") {
            leases[row["id"]] = try Lease(row, db, boots)
        }
        for row in try Row.fetchAll(db, sql: "SELECT * FROM ports") {
            ports[try row.integer("port")] = Port(
                pool: row["pool"], state: row["state"], lease: row["lease_id"], lastLease: row["last_lease_id"],
                endedAt: row["ended_at"],
                restBoot: try (row["rest_boot"] as Int64?).map { try boots.boot($0).description },
                restUntil: row["rest_boot_ms"], restSince: row["rest_since"], restReason: row["rest_reason"])
        }
        let tickets = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM tickets WHERE state = 'waiting'
                UNION ALL
                SELECT tickets.* FROM tickets JOIN leases ON leases.id = lease_id AND leases.state = 'active'
                WHERE tickets.state = 'granted' AND redeemed_at IS NULL
                """)
        if !tickets.isEmpty {
            self.tickets = Dictionary(uniqueKeysWithValues: try tickets.map { ($0["id"], try Ticket($0, boots)) })
        }
        self.tokens = try Token.unrevoked(db)
        for row in try Row.fetchAll(db, sql: "SELECT * FROM pools") {
            pools[row["name"]] = AuditDetails.Layout(
                ranges: row["ranges"], excluded: row["excluded"], maxBlock: row["max_block"],
                defaultTTL: row["default_ttl_seconds"], quarantine: row["quarantine_ms"],
                queue: row["queue"] == QueuePolicy.fifo.rawValue ? nil : row["queue"])
        }
    }
}

extension LedgerState.Session {
    init(_ row: Row, _ boots: BootRegistry) throws {
        let rest: AuditDetails.Deadline? =
            row["has_released"] == 0 as Int64
            ? nil
            : AuditDetails.Deadline(
                ttl: row["asleep_ttl_ms"], expiresAt: row["asleep_expires_at"],
                boot: try (row["asleep_boot"] as Int64?).map { try boots.boot($0).description },
                bootTime: row["asleep_boot_ms"])
        self.init(
            id: row["id"], name: row["name"], principal: row["principal"], createdAt: row["created_at"],
            endedAt: row["ended_at"], leases: row["lease_count"], ports: row["port_count"], template: row["template"],
            phase: row["phase"], rest: rest)
    }

    /// The session of that id; nil when there is none.
    static func fetch(_ id: Int64, _ db: Database, _ boots: BootRegistry) throws -> Self? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM sessions WHERE id = ?"), arguments: [id])
            .map { try Self($0, boots) }
    }
}

extension LedgerState.Lease {
    init(_ row: Row, _ db: Database, _ boots: BootRegistry) throws {
        let labels: String = row["labels"]
        self.init(
            id: row["id"], session: row["session_id"], name: row["name"], pool: row["pool"],
            firstPort: row["first_port"], count: row["count"], principal: row["principal"],
            owner: try AuditDetails.Process(row, prefix: "owner", boots), ownerExitedAt: row["owner_exited_at"],
            labels: labels == "{}" ? [:] : try JSONDecoder().decode([String: String].self, from: Data(labels.utf8)),
            isPinned: try row.truth("pinned"), ttl: row["ttl_ms"], createdAt: row["created_at"],
            renewedAt: row["renewed_at"],
            state: row["state"],
            deadlineBoot: try (row["deadline_boot"] as Int64?).map { try boots.boot($0).description },
            deadline: row["deadline_boot_ms"], expiresAt: row["expires_at"], endedAt: row["ended_at"],
            endReason: row["end_reason"])
        let agents = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM agents WHERE lease_id = ?"), arguments: [id])
        for agent in agents {
            self.agents[try agent.integer("port")] = LedgerState.Agent(
                name: agent["name"], state: agent["state"],
                process: try AuditDetails.Process(agent, prefix: "process", boots), exitedAt: agent["exited_at"])
        }
    }

    /// The lease of that id; nil when there is none.
    static func fetch(_ id: Int64, _ db: Database, _ boots: BootRegistry) throws -> Self? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM leases WHERE id = ?"), arguments: [id])
            .map { try Self($0, db, boots) }
    }
}

extension AuditDetails.Process {
    init?(_ row: Row, prefix: String, _ boots: BootRegistry) throws {
        guard let pid = try row.integerIfPresent("\(prefix)_pid") as Int32? else {
            for part in ["boot", "namespace", "ticks", "inode"] where (row["\(prefix)_\(part)"] as Int64?) != nil {
                throw BerthError(.internal, "The database holds a part of a process's identity without its PID.")
            }
            return nil
        }
        self.init(
            boot: try boots.boot(try row.integer("\(prefix)_boot")).description,
            namespace: UInt64(bitPattern: try row.integer("\(prefix)_namespace")), pid: pid,
            ticks: UInt64(bitPattern: try row.integer("\(prefix)_ticks")),
            inode: (row["\(prefix)_inode"] as Int64?).map(UInt64.init(bitPattern:)))
    }
}

// MARK: Differences

extension LedgerState {
    /// The first thing that the rows say otherwise, in words, with the lease it is about.
    func difference(from rows: LedgerState) -> (says: String, lease: Int64?)? {
        var expected = self
        expected.renewPorts()
        for id in Set(expected.leases.keys).union(rows.leases.keys).sorted()
        where expected.leases[id] != rows.leases[id] {
            return (
                rows.leases[id] == nil
                    ? "lease \(id) is active by the records, and not by the rows"
                    : expected.leases[id] == nil
                        ? "lease \(id) is active by the rows, and not by the records"
                        : "lease \(id) is not what the records say", id
            )
        }
        for name in Set(expected.sessions.keys).union(rows.sessions.keys).sorted()
        where expected.sessions[name] != rows.sessions[name] {
            return ("session \(name) is not what the records say", nil)
        }
        for port in Set(expected.ports.keys).union(rows.ports.keys).sorted()
        where expected.ports[port] != rows.ports[port] {
            return ("port \(port) is not what the records say", rows.ports[port]?.lease)
        }
        let (told, found) = (expected.tickets ?? [:], rows.tickets ?? [:])
        for id in Set(told.keys).union(found.keys).sorted() where told[id] != found[id] {
            return ("ticket \(id) is not what the records say", nil)
        }
        let (toldTokens, foundTokens) = (expected.tokens ?? [:], rows.tokens ?? [:])
        for id in Set(toldTokens.keys).union(foundTokens.keys).sorted() where toldTokens[id] != foundTokens[id] {
            return ("token \(toldTokens[id]?.name ?? foundTokens[id]?.name ?? "") is not what the records say", nil)
        }
        for name in Set(expected.pools.keys).union(rows.pools.keys).sorted()
        where expected.pools[name] != rows.pools[name] {
            return ("pool \(name) is not what the records say", nil)
        }
        return nil
    }
}
