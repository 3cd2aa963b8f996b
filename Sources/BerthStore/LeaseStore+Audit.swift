package import BerthCore
import GRDB

/// Reading the audit.
extension LeaseStore {
    /// A page of records in the filter's order.
    package func audit(_ filter: AuditFilter) async throws(BerthError) -> [AuditRecord] {
        try await read { db in try Self.audit(filter, db) }
    }

    /// The last record's number, instant and hash.
    package func auditHead() async throws(BerthError) -> AuditChain { try look { db in try AuditChain.head(db) } }

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
        // Numbers come from clients: what is not below the last record may be the greatest that there is.
        guard filter.after < last else { return nil }
        var (lower, upper) = (filter.after + 1, min(last, filter.through ?? last))
        if let since = filter.since { lower = max(lower, try firstRecord(db, notBefore: since, last: last)) }
        if let until = filter.until {
            upper = min(upper, try firstRecord(db, notBefore: until.advanced(byMilliseconds: 1), last: last) - 1)
        }
        if let cursor = filter.cursor {
            switch filter.order {
            case .asc where cursor >= last: return nil
            case .asc: lower = max(lower, cursor + 1)
            case .desc: upper = min(upper, cursor - 1)
            }
        }
        guard lower <= upper else { return nil }
        let blocks = try filter.port.map { try CoveringBlock.all(covering: $0, db) } ?? []
        return AuditSelect(filter, range: lower...upper, blocks: blocks)
    }

    /// The least sequence number from which on no record is older than this; one behind the last when all are.
    ///
    /// The records' instants never decrease. Every other look is where the record would be if they came evenly, the others
    /// halve what is left: a few looks as a rule, and never more than twice as many as the number of records has bits.
    static func firstRecord(_ db: Database, notBefore instant: Instant, last: Int64) throws -> Int64 {
        let look = try DirectStatement("SELECT seq, at FROM audit WHERE seq >= ? ORDER BY seq LIMIT 1", db)
        func record(_ row: CurrentRow) -> (seq: Int64, at: Int64) { (row.int64(0), row.int64(1)) }
        let wanted = instant.milliseconds
        guard let first = try look.first([Int64(0)], record) else { return last + 1 }
        guard first.at < wanted else { return first.seq }
        guard let end = try look.first([last], record), end.at >= wanted else { return last + 1 }
        // The record at `low` is older, from `high` on none is.
        var (low, high) = (first, end)
        var interpolates = true
        while high.seq - low.seq > 1 {
            var middle = low.seq + (high.seq - low.seq) / 2
            if interpolates {
                let part = Double(wanted - low.at) / Double(high.at - low.at)
                let guess = low.seq + Int64(Double(high.seq - low.seq) * part)
                middle = min(max(guess, low.seq + 1), high.seq - 1)
            }
            interpolates.toggle()
            guard let found = try look.first([middle], record) else { break }
            if found.at < wanted { low = found } else { high = (middle, found.at) }
        }
        return high.seq
    }
}
