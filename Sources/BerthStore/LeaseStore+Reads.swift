package import BerthCore
import FoundationEssentials
import GRDB

/// Looking leases and sessions up.
extension LeaseStore {
    /// A lease that the caller may see, ended ones too; nil when there is none.
    package func lease(_ id: LeaseID, for caller: Caller) async throws(BerthError) -> Lease? {
        try look { db in try lease(id, db).flatMap { caller.maySee($0.principal) ? $0 : nil } }
    }

    /// Leases in ascending order of their ids.
    package func leases(_ filter: LeaseFilter) async throws(BerthError) -> [Lease] {
        try await read { db in
            let (condition, values) = filter.sql
            return try fetchLeases(condition, values, db)
        }
    }

    /// Every active lease that has agents, in ascending order of their ids.
    package func leasesWithAgents() async throws(BerthError) -> [SessionLease] {
        try await read { db in
            let condition = "leases.state = 'active' AND EXISTS (SELECT 1 FROM agents WHERE lease_id = leases.id)"
            let rows = try Row.fetchAll(db, sql: "SELECT id, session_id FROM leases WHERE \(condition)")
            let sessions = Dictionary(uniqueKeysWithValues: rows.map { ($0["id"] as Int64, $0["session_id"] as Int64) })
            return try fetchLeases("\(condition) ORDER BY leases.id", [], db).compactMap { lease in
                sessions[lease.id.number].map { SessionLease(lease: lease, sessionRow: $0) }
            }
        }
    }

    /// The newest session of that name that the caller may see; nil when there is none.
    package func session(_ name: SessionName, for caller: Caller) async throws(BerthError) -> Session? {
        try look { db in try fetchSession(name, db).flatMap { caller.maySee($0.principal) ? $0 : nil } }
    }

    /// The newest session of each name, oldest first, with the row that a next page starts behind.
    package func sessions(_ filter: SessionFilter) async throws(BerthError) -> [(row: Int64, session: Session)] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM sessions
                    WHERE id > ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR principal = ?3)
                        AND NOT EXISTS (
                            SELECT 1 FROM sessions AS newer WHERE newer.name = sessions.name AND newer.id > sessions.id)
                    ORDER BY id LIMIT ?4
                    """,
                arguments: [filter.after, filter.state, filter.principal?.description, filter.limit])
            return try rows.map { ($0["id"], try session($0)) }
        }
    }

    // MARK: Statements

    func lease(_ id: LeaseID, _ db: Database) throws -> Lease? {
        try fetchLease("leases.id = ?", [id.number], db)
    }

    func fetchLease(_ condition: String, _ values: StatementValues, _ db: Database) throws -> Lease? {
        try DirectStatement("\(LeaseRow.select) WHERE \(condition)", db).first(values) { row in
            let agents = try DirectStatement(
                "\(LeaseRow.selectAgents) WHERE lease_id = ? ORDER BY port", [row.int64(0)], db
            ).all(leaseRow.agent)
            return try leaseRow.lease(row, agents: agents)
        }
    }

    func fetchLeases(_ condition: String, _ values: StatementValues, _ db: Database) throws -> [Lease] {
        let leases = try DirectStatement("\(LeaseRow.select) WHERE \(condition)", values, db)
            .all { row in try leaseRow.lease(row, agents: []) }
        guard !leases.isEmpty else { return [] }
        let ids = "[" + leases.map { String($0.id.number) }.joined(separator: ",") + "]"
        let agents = try DirectStatement(
            "\(LeaseRow.selectAgents) WHERE lease_id IN (SELECT value FROM json_each(?)) ORDER BY port", [ids], db
        ).all { row in (lease: row.int64(LeaseRow.agentsLease), agent: try leaseRow.agent(row)) }
        guard !agents.isEmpty else { return leases }
        let agentsOfLease = Dictionary(grouping: agents, by: \.lease)
        return leases.map { lease in
            lease.with(agents: (agentsOfLease[lease.id.number] ?? []).map(\.agent))
        }
    }

    func fetchSession(_ name: SessionName, _ db: Database) throws -> Session? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM sessions WHERE name = ? ORDER BY id DESC LIMIT 1"),
            arguments: [name.rawValue]
        ).map(session)
    }

    func session(_ row: Row) throws -> Session {
        Session(
            name: try row.checked("name"), principal: try row.principal(),
            createdAt: Instant(milliseconds: row["created_at"]),
            endedAt: (row["ended_at"] as Int64?).map(Instant.init(milliseconds:)),
            leases: row["lease_count"], ports: row["port_count"], row: row["id"],
            template: try SessionTemplateState(row))
    }
}

/// Which sessions to list.
package struct SessionFilter: Hashable, Sendable {
    /// `active`, `ended`, or nil for both.
    package var state: String?
    /// Nil for everybody's.
    package var principal: Principal?
    /// The row that the page starts behind.
    package var after: Int64
    package var limit: Int

    package init(state: String? = nil, principal: Principal? = nil, after: Int64 = 0, limit: Int = 100) {
        self.state = state
        self.principal = principal
        self.after = after
        self.limit = limit
    }
}

/// Which leases to list.
package struct LeaseFilter: Hashable, Sendable {
    /// Live leases, ended ones, or both.
    package enum State: String, CaseIterable, Sendable { case active, ended, all }

    package var session: SessionName?
    package var pool: PoolName?
    package var port: Port?
    package var state = State.active
    /// Nil for everybody's.
    package var principal: Principal?
    /// The lease that the page starts behind.
    package var after = LeaseID(0)
    package var limit = 100

    package init() {}

    /// Each condition has the index that answers it: leases_active for the live ones, leases_session and leases_cell
    /// for history. A block that covers a port lies in one of two cells of its size; see `V003__audit`.
    var sql: (condition: String, values: StatementValues) {
        var conditions = ["leases.id > ?"]
        var values: StatementValues = [after.number]
        switch state {
        case .active: conditions.append("leases.state = 'active'")
        case .ended: conditions.append("leases.state <> 'active'")
        case .all: break
        }
        if let session {
            conditions.append("leases.session_id IN (SELECT id FROM sessions WHERE name = ?)")
            values += [session.rawValue]
        }
        if let pool {
            conditions.append("leases.pool = ?")
            values += [pool.rawValue]
        }
        if let port {
            let cells = (0...16).flatMap { CoveringBlock.cells(around: Int(port.number), size: $0) }
                .map { String($0) }.joined(separator: ",")
            conditions.append(
                "leases.cell IN (\(cells)) AND +leases.first_port <= ? AND leases.first_port + leases.count > ?")
            values += [Int(port.number), Int(port.number)]
        }
        if let principal {
            conditions.append("leases.principal = ?")
            values += [principal.description]
        }
        values += [limit]
        return (conditions.joined(separator: " AND ") + " ORDER BY leases.id LIMIT ?", values)
    }
}
