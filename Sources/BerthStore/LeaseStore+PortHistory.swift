package import BerthCore
import GRDB

/// Whose a port was.
extension LeaseStore {
    /// The lease that held a port then; nil when none did.
    /// - Throws: `history-pruned` for an instant whose records are gone.
    package func holder(of port: Port, at instant: Instant) async throws(BerthError) -> Lease? {
        try look { db in
            guard let id = try Self.holder(of: port, at: instant, db) else { return nil }
            return try lease(id, db)
        }
    }

    private static func holder(of port: Port, at instant: Instant, _ db: Database) throws -> LeaseID? {
        let ends = try db.cachedStatement(
            sql: "SELECT seq, at, (SELECT max(seq) FROM audit) FROM audit ORDER BY seq LIMIT 1")
        guard let row = try Row.fetchOne(ends) else { return nil }
        let (first, oldest, last): (Int64, Int64, Int64) = (row[0], row[1], row[2])
        let then = try firstRecord(db, notBefore: instant.advanced(byMilliseconds: 1), last: last) - 1
        if then < first {
            guard first > 1 else { return nil }
            throw BerthError(
                .historyPruned,
                "The audit begins at \(Instant(milliseconds: oldest)); what was before was pruned."
                    + " Look into the archive that the pruning wrote.")
        }
        let blocks = try CoveringBlock.all(covering: port, db)
        if let before = try record(of: port, in: first...then, .desc, blocks, db) { return before.holder }
        // Nothing is told of the port up to then, unless in records that are gone: what came next tells what was.
        guard first > 1 else { return nil }
        if then < last, let next = try record(of: port, in: (then + 1)...last, .asc, blocks, db) {
            return next.event == .leaseGranted ? nil : next.lease
        }
        return try Int64.fetchOne(db, sql: "SELECT lease_id FROM ports WHERE port = ?", arguments: [Int(port.number)])
            .map(LeaseID.init)
    }

    /// The nearest record about a block that covers the port.
    private static func record(
        of port: Port, in range: ClosedRange<Int64>, _ order: AuditFilter.Order, _ blocks: [CoveringBlock],
        _ db: Database
    ) throws -> PortMention? {
        var filter = AuditFilter()
        (filter.port, filter.order, filter.limit) = (port, order, 1)
        let select = AuditSelect(filter, range: range, blocks: blocks, columns: "seq, event, lease_id")
        return try Row.fetchOne(db.cachedStatement(sql: select.sql), arguments: select.arguments).map { row in
            PortMention(event: AuditEvent(rawValue: row[1]), lease: (row[2] as Int64?).map(LeaseID.init))
        }
    }
}

/// What a record tells about the ports of its block.
private struct PortMention {
    let event: AuditEvent?
    let lease: LeaseID?

    /// The lease that holds them from here on; nil when none does.
    var holder: LeaseID? {
        switch event {
        case .leaseReleased, .leaseExpired, .leaseOrphaned, .portQuarantined, .portRecovered, .portForeign: nil
        default: lease
        }
    }
}
