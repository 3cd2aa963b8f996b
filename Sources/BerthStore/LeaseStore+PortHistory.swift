package import BerthCore
import GRDB

/// Whose a port was.
extension LeaseStore {
    /// The lease that held a port then; nil when none did.
    /// - Throws: `history-pruned` for an instant whose records are gone.
    package func holder(of port: Port, at instant: Instant) async throws(BerthError) -> Lease? {
        try await read { db in
            guard let id = try Self.holder(of: port, at: instant, db) else { return nil }
            return try lease(id, db)
        }
    }

    private static func holder(of port: Port, at instant: Instant, _ db: Database) throws -> LeaseID? {
        guard let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit"),
            let first = try Row.fetchOne(db, sql: "SELECT seq, at FROM audit ORDER BY seq LIMIT 1")
        else { return nil }
        let then = try firstRecord(db, notBefore: instant.advanced(byMilliseconds: 1), last: last) - 1
        if then < first["seq"] {
            guard first["seq"] > 1 else { return nil }
            let oldest = Instant(milliseconds: first["at"])
            throw BerthError(
                .historyPruned,
                "The audit begins at \(oldest); what was before was pruned. Look into the archive that the pruning wrote."
            )
        }
        if let before = try record(of: port, in: 0...then, .desc, db) { return before.holder }
        // Nothing is told of the port up to then, unless in records that are gone: what came next tells what was.
        guard first["seq"] > 1 else { return nil }
        if then < last, let next = try record(of: port, in: (then + 1)...last, .asc, db) {
            return next.entry.event == .leaseGranted ? nil : next.entry.lease
        }
        return try Int64.fetchOne(db, sql: "SELECT lease_id FROM ports WHERE port = ?", arguments: [Int(port.number)])
            .map(LeaseID.init)
    }

    /// The nearest record about a block that covers the port.
    private static func record(
        of port: Port, in range: ClosedRange<Int64>, _ order: AuditFilter.Order, _ db: Database
    ) throws -> AuditRecord? {
        var filter = AuditFilter()
        (filter.port, filter.order, filter.limit) = (port, order, 1)
        (filter.after, filter.through) = (max(0, range.lowerBound - 1), range.upperBound)
        return try audit(filter, db).first
    }
}

extension AuditRecord {
    /// The lease that holds the record's ports from here on; nil when none does.
    fileprivate var holder: LeaseID? {
        switch entry.event {
        case .leaseReleased, .leaseExpired, .leaseOrphaned, .portQuarantined, .portRecovered, .portForeign: nil
        default: entry.lease
        }
    }
}
