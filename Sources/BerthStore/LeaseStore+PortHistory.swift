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
        let ends = try DirectStatement(
            "SELECT seq, at, (SELECT max(seq) FROM audit) FROM audit ORDER BY seq LIMIT 1", db)
        guard let (first, oldest, last) = try ends.first([], { ($0.int64(0), $0.int64(1), $0.int64(2)) }) else {
            return nil
        }
        let then = try firstRecord(db, notBefore: instant.advanced(byMilliseconds: 1), last: last) - 1
        if then < first {
            guard first > 1 else { return nil }
            throw BerthError(
                .historyPruned,
                "The audit begins at \(Instant(milliseconds: oldest)); what was before was pruned."
                    + " Look into the archive that the pruning wrote.")
        }
        let blocks = try CoveringBlock.all(covering: port, db)
        if let before = try record(in: first...then, .desc, blocks, db) { return before.holder }
        // Nothing is told of the port up to then, unless in records that are gone: what came next tells what was.
        guard first > 1 else { return nil }
        if then < last, let next = try record(in: (then + 1)...last, .asc, blocks, db) {
            return next.event == .leaseGranted ? nil : next.lease
        }
        let now = try DirectStatement("SELECT lease_id FROM ports WHERE port = ?", db)
        return try now.first([Int(port.number)]) { row in row.int64IfPresent(0).map(LeaseID.init) }.flatMap { $0 }
    }

    /// The nearest record of a block in a range, by the index alone.
    static func nearest(_ order: AuditFilter.Order) -> String {
        """
        SELECT seq FROM audit INDEXED BY audit_cell
        WHERE cell = ? AND first_port = ? AND count = ? AND seq BETWEEN ? AND ? ORDER BY seq \(order.rawValue) LIMIT 1
        """
    }

    /// The nearest record about a block that covers the port. The index alone tells each block's nearest, and only the
    /// nearest of all is read.
    private static func record(
        in range: ClosedRange<Int64>, _ order: AuditFilter.Order, _ blocks: [CoveringBlock], _ db: Database
    ) throws -> PortMention? {
        let look = try DirectStatement(Self.nearest(order), db)
        var (lower, upper) = (range.lowerBound, range.upperBound)
        var nearest: Int64?
        for block in blocks {
            let seq = try look.first([block.cell, block.first, block.count, lower, upper]) { $0.int64(0) }
            guard let seq else { continue }
            nearest = seq
            // What comes after must be nearer still.
            switch order {
            case .desc: lower = seq + 1
            case .asc: upper = seq - 1
            }
        }
        guard let nearest else { return nil }
        let record = try DirectStatement("SELECT event, lease_id FROM audit WHERE seq = ?", db)
        return try record.first([nearest]) { row in
            PortMention(event: AuditEvent(rawValue: row.text(0)), lease: row.int64IfPresent(1).map(LeaseID.init))
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
