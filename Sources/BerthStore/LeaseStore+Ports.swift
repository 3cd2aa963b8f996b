package import BerthCore
import GRDB

/// Ports: what the rows say of each, and how looks at the host change that.
extension LeaseStore {
    /// What the rows say of one port; nil when it has no row, so that it is unmanaged.
    package func port(_ port: Port) async throws(BerthError) -> PortRecord? {
        try await read { db in
            try Row.fetchOne(
                db.cachedStatement(sql: "SELECT * FROM ports WHERE port = ?"), arguments: [Int(port.number)]
            ).map(record)
        }
    }

    /// Every port of every pool, ascending: what the indexes in memory are made from.
    package func allPorts() async throws(BerthError) -> [PortRecord] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT ports.*, leases.state AS last_end
                    FROM ports LEFT JOIN leases ON ports.state = 'quarantined' AND leases.id = ports.last_lease_id
                    WHERE ports.pool IS NOT NULL ORDER BY port
                    """
            ).map(record)
        }
    }

    /// How many ports of each pool are in each state. It reads every port's row: about 3 ms for 10,000.
    package func figures() async throws(BerthError) -> [PoolName: PoolFigures] {
        try await read { db in
            var figures = pools.mapValues { _ in PoolFigures() }
            let rows = try Row.fetchAll(
                db, sql: "SELECT pool, state, count(*) AS n FROM ports WHERE pool IS NOT NULL GROUP BY pool, state")
            for row in rows {
                guard let state = PortState(rawValue: row["state"]) else { continue }
                figures[try row.checked("pool"), default: PoolFigures()].add(row["n"], state)
            }
            return figures
        }
    }

    /// Something that holds no lease was found on these ports. A free one becomes quarantined for `holderLingers` after
    /// its release, when the last holder is likely still closing down, and foreign later.
    /// - Returns: the ports that changed, as they are now.
    package func markBound(
        _ ports: [Port], reason: String, _ context: ChangeContext
    ) async throws(BerthError) -> [PortRecord] {
        try await queue.submit { transaction in
            try ports.compactMap { port in
                guard let before = try fetchPort(port, transaction) else { return nil }
                return try bound(before, reason: reason, context, transaction)
            }
        }
    }

    /// These ports were found unbound: foreign ones, and quarantined ones whose time is over, are free again.
    /// - Returns: the ports that are free now.
    package func recover(
        _ ports: [Port], reason: String, _ context: ChangeContext
    ) async throws(BerthError) -> [Port] {
        try await queue.submit(as: .housekeeping) { transaction in
            let recovered = try ports.filter { port in
                let changed = try transaction.changes(
                    """
                    UPDATE ports SET state = 'free', rest_boot = NULL, rest_boot_ms = NULL, rest_since = NULL,
                        rest_reason = NULL
                    WHERE port = ? AND (state = 'foreign' OR (state = 'quarantined' AND rest_boot_ms <= ?))
                    """,
                    [Int(port.number), transaction.now.boot.milliseconds])
                return changed == 1
            }
            for (pool, ports) in try poolsOfPorts(recovered, transaction) {
                for run in PortBlock.runs(of: ports) {
                    var entry = context.entry(.portRecovered, reason: reason)
                    entry.block = run
                    entry.pool = pool
                    try transaction.audit(entry)
                }
            }
            return recovered
        }
    }

    /// The blocks that this holder had before, the earliest first, with the lease that had each last.
    package func heldBlocks(
        _ request: GrantRequest, principal: Principal
    ) async throws(BerthError) -> [HeldBlock] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT first_port, count, last_lease_id FROM held_blocks
                        WHERE principal = ? AND session = ? AND name = ? AND pool = ? AND count = ?
                        ORDER BY first_lease_id
                        """),
                arguments: [
                    principal.description, request.session.rawValue, request.name?.rawValue ?? "",
                    request.pool.rawValue, request.count,
                ]
            ).map { HeldBlock(block: try $0.block(), lastLease: LeaseID($0["last_lease_id"])) }
        }
    }

    // MARK: Inside a transaction

    /// How long after its release a port that is bound counts as its last holder's.
    private static let holderLingersMilliseconds: Int64 = 60_000

    private func bound(
        _ before: PortRecord, reason: String, _ context: ChangeContext, _ transaction: WriteTransaction
    ) throws -> PortRecord? {
        let now = transaction.now
        let isFresh = before.endedAt.map {
            abs(now.wall.milliseconds - $0.milliseconds) < Self.holderLingersMilliseconds
        }
        let next: PortState
        switch before.state {
        case .free: next = isFresh == true ? .quarantined : .foreign
        case .quarantined where isFresh == false && before.lastEnd == .released: next = .foreign
        case .quarantined, .foreign, .leased, .unmanaged: return nil
        }
        let rest = now.boot.advanced(
            byMilliseconds: Int64((before.pool.flatMap { pools[$0] }?.quarantineSeconds ?? 0) * 1000))
        try transaction.execute(
            """
            UPDATE ports SET state = ?, rest_boot = ?, rest_boot_ms = ?, rest_since = ?, rest_reason = ?
            WHERE port = ? AND lease_id IS NULL
            """,
            [
                next.rawValue, next == .quarantined ? boots.current : nil,
                next == .quarantined ? rest.milliseconds : nil, now.wall.milliseconds, reason,
                Int(before.port.number),
            ])
        var entry = context.entry(next == .foreign ? .portForeign : .portQuarantined, reason: reason)
        entry.block = PortBlock(before.port)
        entry.pool = before.pool
        if next == .quarantined { entry.details.rest = AuditDetails.Rest(from: now) }
        try transaction.audit(entry)
        return try fetchPort(before.port, transaction)
    }

    /// The ports by their pools, in the pools' order of ports.
    private func poolsOfPorts(
        _ ports: [Port], _ transaction: WriteTransaction
    ) throws -> [(pool: PoolName?, ports: [Port])] {
        var found: [(pool: PoolName?, ports: [Port])] = []
        for port in ports {
            let pool = try fetchPort(port, transaction)?.pool
            if found.last?.pool == pool, !found.isEmpty {
                found[found.count - 1].ports.append(port)
            } else {
                found.append((pool, [port]))
            }
        }
        return found
    }

    private func fetchPort(_ port: Port, _ transaction: WriteTransaction) throws -> PortRecord? {
        guard
            let row = try transaction.row(
                """
                SELECT ports.*, leases.state AS last_end
                FROM ports LEFT JOIN leases ON leases.id = ports.last_lease_id WHERE port = ?
                """, [Int(port.number)])
        else { return nil }
        return try record(row)
    }

    private func record(_ row: Row) throws -> PortRecord {
        PortRecord(
            port: try row.port("port"), pool: try row.checkedIfPresent("pool"),
            state: PortState(rawValue: row["state"]) ?? .unmanaged,
            lease: (row["lease_id"] as Int64?).map(LeaseID.init),
            lastLease: (row["last_lease_id"] as Int64?).map(LeaseID.init),
            lastEnd: row.hasColumn("last_end") ? (row["last_end"] as String?).flatMap(LeaseEnd.init) : nil,
            endedAt: (row["ended_at"] as Int64?).map(Instant.init(milliseconds:)),
            restsUntil: (row["rest_boot_ms"] as Int64?).map(BootTime.init(milliseconds:)),
            restsSince: (row["rest_since"] as Int64?).map(Instant.init(milliseconds:)), restReason: row["rest_reason"])
    }
}

/// What the rows say of one port.
package struct PortRecord: Hashable, Sendable {
    package let port: Port
    /// Nil when it left every pool under its lease.
    package let pool: PoolName?
    package let state: PortState
    package let lease: LeaseID?
    /// The lease it was in last, how that ended (where it was asked for), and when.
    package let lastLease: LeaseID?
    package let lastEnd: LeaseEnd?
    package let endedAt: Instant?
    /// The end of its quarantine at the earliest.
    package let restsUntil: BootTime?
    /// Since when it is quarantined or foreign, and on what evidence.
    package let restsSince: Instant?
    package let restReason: String?
}

/// A block that a holder had before.
package struct HeldBlock: Hashable, Sendable {
    package let block: PortBlock
    package let lastLease: LeaseID

    package init(block: PortBlock, lastLease: LeaseID) {
        self.block = block
        self.lastLease = lastLease
    }
}
