import BerthCore
import FoundationEssentials

/// How leases lie in the database, and how they come out of it.
struct LeaseRow {
    /// The columns that ``lease(_:agents:)`` reads, by their numbers.
    static let select = """
        SELECT leases.id, sessions.name, leases.name, leases.pool, leases.first_port, leases.count, leases.principal,
            leases.owner_boot, leases.owner_namespace, leases.owner_pid, leases.owner_ticks, leases.owner_inode,
            leases.owner_exited_at, leases.labels, leases.pinned, leases.ttl_ms, leases.created_at, leases.renewed_at,
            leases.state, leases.deadline_boot_ms, leases.expires_at, leases.ended_at, leases.end_reason
        FROM leases JOIN sessions ON sessions.id = leases.session_id
        """
    /// The columns that ``agent(_:)`` reads, and the lease's id.
    static let selectAgents = """
        SELECT name, port, state, exited_at, process_boot, process_namespace, process_pid, process_ticks, process_inode,
            lease_id
        FROM agents
        """
    static let agentsLease: Int32 = 9

    let boots: BootRegistry

    func lease(_ row: CurrentRow, agents: [Agent]) throws -> Lease {
        try Lease(
            id: LeaseID(row.integer(0)),
            session: row.name(1),
            name: row.nameIfPresent(2),
            pool: row.name(3),
            block: row.block(4, 5),
            principal: row.principal(6),
            owner: row.process(7, boots),
            ownerExitedAt: row.instantIfPresent(12),
            agents: agents,
            labels: labels(row.text(13)),
            isPinned: row.truth(14),
            ttlMilliseconds: row.int64IfPresent(15),
            createdAt: row.instant(16),
            renewedAt: row.instant(17),
            state: state(row))
    }

    func agent(_ row: CurrentRow) throws -> Agent {
        let state: AgentState
        switch (row.text(2), try row.process(4, boots)) {
        case ("running", let process?): state = .running(process)
        case ("exited", let process?): state = .exited(process, at: try row.instant(3))
        default: state = .reserved
        }
        return Agent(name: try row.name(0), port: try row.port(1), state: state)
    }

    private func state(_ row: CurrentRow) throws -> LeaseState {
        let expiresAt = row.instantIfPresent(20)
        guard let end = LeaseEnd(rawValue: row.text(18)) else {
            guard let display = expiresAt, let deadline = row.int64IfPresent(19) else { return .active(.never) }
            return .active(.at(deadline: BootTime(milliseconds: deadline), display: display))
        }
        return .ended(end, at: try row.instant(21), reason: row.text(22), expiry: expiresAt)
    }

    private func labels(_ text: String) throws -> [String: String] {
        text == "{}" ? [:] : try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    /// The form that ``lease(_:agents:)`` reads back.
    static func text(_ labels: [String: String]) throws -> String {
        guard !labels.isEmpty else { return "{}" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(labels), as: UTF8.self)
    }
}

/// A process in the five columns of its identity.
struct ProcessColumns {
    let boot: Int64?
    let namespace: Int64?
    let pid: Int32?
    let ticks: Int64?
    let inode: Int64?

    init(_ process: ProcessIdentity?, boots: BootRegistry) throws {
        boot = try process.map { try boots.row($0.bootID) }
        namespace = process.map { Int64(bitPattern: $0.pidNamespace) }
        pid = process?.pid
        ticks = process.map { Int64(bitPattern: $0.startTicks) }
        inode = process?.pidfsInode.map { Int64(bitPattern: $0) }
    }
}
