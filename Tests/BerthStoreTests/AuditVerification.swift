import BerthCore
import BerthStore
import Crypto
import FoundationEssentials
import GRDB
import Testing

/// A second implementation of the audit's chain, from its description and the rows alone: it shares no code with the
/// first, so that a mistake in one shows.
struct AuditVerification {
    private static let columns = [
        "seq", "at", "event", "lease_id", "session", "pool", "first_port", "count", "agent", "pid", "principal",
        "reason", "request_id",
    ]
    /// Records of the first versions had none of these; the form of a record without any is theirs.
    private static let lateColumns = ["holder", "details"]

    /// The sequence numbers of records that do not follow from the one before.
    /// - Parameter cut: the row of `audit_cuts` behind which they begin; nil when nothing was pruned.
    static func broken(in rows: [Row], behind cut: Row? = nil) -> [Int] {
        var previous: Data = cut?["hash"] ?? Data(repeating: 0, count: 32)
        var seq: Int = cut?["seq"] ?? 0
        var at: Int64 = cut?["at"] ?? .min
        var broken: [Int] = []
        for row in rows {
            let isLate = lateColumns.contains { !(row[$0] as DatabaseValue).isNull }
            let form = (isLate ? columns + lateColumns : columns).map { column -> String in
                let value = row[column] as DatabaseValue
                guard !value.isNull else { return "-" }
                let text = String.fromDatabaseValue(value) ?? Int64.fromDatabaseValue(value).map { String($0) } ?? ""
                return "\(text.utf8.count):\(text)"
            }.joined(separator: ",")
            let hash = Data(SHA256.hash(data: previous + Data(form.utf8)))
            let isNext = row["seq"] == seq + 1 || row["event"] == "daemon.restored"
            if row["hash"] != hash || !isNext || row["at"] < at { broken.append(row["seq"]) }
            previous = row["hash"]
            (seq, at) = (row["seq"], row["at"])
        }
        return broken
    }
}

extension TestStore {
    /// Every audit record follows from the one before it, from the first on.
    func expectWholeAudit(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (rows, cut) = try store.file.readers.read { db in
            (
                try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY seq"),
                try Row.fetchOne(db, sql: "SELECT * FROM audit_cuts WHERE seq < (SELECT min(seq) FROM audit)")
            )
        }
        #expect(rows.count > 0, sourceLocation: sourceLocation)
        #expect(AuditVerification.broken(in: rows, behind: cut) == [], sourceLocation: sourceLocation)
    }
}
