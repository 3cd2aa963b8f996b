import BerthCore
import FoundationEssentials
import GRDB

/// How leases lie in the database, and how they come out of it.
struct LeaseRow {
    /// The columns that ``lease(_:agents:)`` reads.
    static let select = """
        SELECT leases.*, sessions.name AS session
        FROM leases JOIN sessions ON sessions.id = leases.session_id
        """

    let boots: BootRegistry

    func lease(_ row: Row, agents: [Agent]) throws -> Lease {
        try Lease(
            id: LeaseID(row["id"]),
            session: row.checked("session"),
            name: row.checkedIfPresent("name"),
            pool: row.checked("pool"),
            block: row.block(),
            principal: row.principal(),
            owner: boots.process(row, prefix: "owner"),
            ownerExitedAt: (row["owner_exited_at"] as Int64?).map(Instant.init(milliseconds:)),
            agents: agents,
            labels: labels(row),
            isPinned: row["pinned"],
            ttlMilliseconds: row["ttl_ms"],
            createdAt: Instant(milliseconds: row["created_at"]),
            renewedAt: Instant(milliseconds: row["renewed_at"]),
            state: state(row))
    }

    func agent(_ row: Row) throws -> Agent {
        let state: AgentState
        switch (row["state"] as String, try boots.process(row, prefix: "process")) {
        case ("running", let process?): state = .running(process)
        case ("exited", let process?): state = .exited(process, at: Instant(milliseconds: row["exited_at"]))
        default: state = .reserved
        }
        return Agent(name: try row.checked("name"), port: try row.port("port"), state: state)
    }

    private func state(_ row: Row) throws -> LeaseState {
        let expiresAt = (row["expires_at"] as Int64?).map(Instant.init(milliseconds:))
        guard let end = LeaseEnd(rawValue: row["state"]) else {
            guard let display = expiresAt, let deadline = row["deadline_boot_ms"] as Int64? else {
                return .active(.never)
            }
            return .active(.at(deadline: BootTime(milliseconds: deadline), display: display))
        }
        return .ended(
            end, at: Instant(milliseconds: row["ended_at"]), reason: row["end_reason"], expiry: expiresAt)
    }

    private func labels(_ row: Row) throws -> [String: String] {
        let text: String = row["labels"]
        return text == "{}" ? [:] : try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
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
