import FoundationEssentials
package import GRDB

extension AuditChain {
    /// What became of a walk along the whole chain.
    package struct Verdict: Hashable, Sendable {
        /// How many records follow from each other, from the first one on.
        package var checked = 0
        /// The first record that does not follow from the one before it; nil when all do.
        package var firstBad: Int64?
    }

    /// Walks from the first record to the last and stops at the first one that was changed, or before which one was
    /// removed. It holds one record at a time.
    package static func verify(_ db: Database) throws -> Verdict {
        var verdict = Verdict()
        var previous = Data(repeating: 0, count: 32)
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM audit ORDER BY seq")
        while let row = try rows.next() {
            let seq: Int64 = row["seq"]
            let hash: Data = row["hash"]
            guard seq == Int64(verdict.checked) + 1, let record = try AuditRecord(row),
                AuditChain.hash(of: record, after: previous) == hash
            else {
                verdict.firstBad = seq
                return verdict
            }
            previous = hash
            verdict.checked += 1
        }
        return verdict
    }
}
