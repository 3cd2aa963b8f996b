package import BerthCore
import GRDB

/// Reading the audit.
extension LeaseStore {
    /// A page of records in the filter's order.
    package func audit(_ filter: AuditFilter) async throws(BerthError) -> [AuditRecord] {
        try await read { db in try Self.audit(filter, db) }
    }

    /// The last record's number, instant and hash.
    package func auditHead() async throws(BerthError) -> AuditChain { try await read { db in try AuditChain.head(db) } }

    static func audit(_ filter: AuditFilter, _ db: Database) throws -> [AuditRecord] {
        guard let select = try select(filter, db) else { return [] }
        let statement = try db.cachedStatement(sql: select.sql)
        return try Row.fetchAll(statement, arguments: select.arguments).map { row in
            guard let record = try AuditRecord(row) else {
                throw BerthError(
                    .internal, "The audit holds an event that Berth never writes: \(row["event"] as String)")
            }
            return record
        }
    }

    /// The statement for a page; nil when nothing lies in the filter's bounds.
    static func select(_ filter: AuditFilter, _ db: Database) throws -> AuditSelect? {
        guard let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit") else { return nil }
        var (lower, upper) = (filter.after + 1, min(last, filter.through ?? last))
        if let since = filter.since { lower = max(lower, try firstRecord(db, notBefore: since, last: last)) }
        if let until = filter.until {
            upper = min(upper, try firstRecord(db, notBefore: until.advanced(byMilliseconds: 1), last: last) - 1)
        }
        if let cursor = filter.cursor {
            switch filter.order {
            case .asc: lower = max(lower, cursor + 1)
            case .desc: upper = min(upper, cursor - 1)
            }
        }
        guard lower <= upper else { return nil }
        return AuditSelect(filter, range: lower...upper, sizes: filter.port == nil ? [] : try sizes(db))
    }

    /// The least sequence number from which on no record is older than this; one behind the last when all are. The
    /// records' instants never decrease, so it takes as many looks as the number of records has bits.
    static func firstRecord(_ db: Database, notBefore instant: Instant, last: Int64) throws -> Int64 {
        var (low, high) = (try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit") ?? 1, last + 1)
        let look = try db.cachedStatement(sql: "SELECT at FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1")
        while low < high {
            let middle = low + (high - low) / 2
            guard let at = try Int64.fetchOne(look, arguments: [middle]) else { break }
            if at >= instant.milliseconds { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The sizes of block that the audit has records of, as logarithms.
    static func sizes(_ db: Database) throws -> [Int] {
        let look = try db.cachedStatement(
            sql: "SELECT 1 FROM audit INDEXED BY audit_cell WHERE cell >= ? AND cell < ? LIMIT 1")
        return try (0...16).filter { size in
            try Int.fetchOne(look, arguments: [size * 65_536, (size + 1) * 65_536]) != nil
        }
    }
}
