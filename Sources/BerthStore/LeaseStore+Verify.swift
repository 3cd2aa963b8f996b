package import BerthCore
import FoundationEssentials
import GRDB

/// What a verification of the audit found.
package struct AuditFinding: Hashable, Sendable {
    /// How many records were walked.
    package var checked = 0
    /// The first bad record, where a record is to blame.
    package var firstBad: Int64?
    /// What is wrong, in words; nil when nothing is.
    package var problem: String?
    /// The last record that was walked.
    package var head: AuditChain?

    package init() {}
}

extension LeaseStore {
    /// How many records are walked in one read transaction.
    static let verifiedAtOnce = 4096

    /// Walks the whole audit, and compares sessions, leases, agents, ports and pools with what its records say.
    /// - Parameter remembers: whether later verifications may go on from here.
    package func verify(remembers: Bool = true) async throws(BerthError) -> AuditFinding {
        try await auditWork.run { () async throws(BerthError) in try await verifyWhole(remembers) }
    }

    private func verifyWhole(_ remembers: Bool) async throws(BerthError) -> AuditFinding {
        let boots = boots
        var finding = AuditFinding()
        do {
            _ = try await walking { db in try AuditVerifier.checkMark(db) }
            var verifier = try await walking { db in try AuditVerifier(db, boots, comparesRows: true) }
            var goesOn = true
            while goesOn {
                let walk = verifier
                (verifier, goesOn) = try await walking { db in
                    var walk = walk
                    let goesOn = try walk.walk(db, limit: Self.verifiedAtOnce)
                    return (walk, goesOn)
                }
                finding.checked = verifier.checked
            }
            let walked = verifier
            verifier = try await walking { db in
                var walk = walked
                _ = try walk.walk(db, limit: .max)
                try walk.compare(db)
                return walk
            }
            finding.checked = verifier.checked
            if remembers { finding.head = try await remember(verifier.seq, verifier.at, verifier.hash) }
        } catch let fault as AuditVerifier.Fault {
            (finding.firstBad, finding.problem) = (fault.seq, fault.says)
        } catch let error as BerthError where error.code == .internal {
            finding.problem = error.message
        } catch {
            throw StorageFailure.describe(error)
        }
        return finding
    }

    /// Walks the records since the last verification that found nothing; the whole audit when there was none.
    package func verifyNew() async throws(BerthError) -> AuditFinding {
        try await auditWork.run { () async throws(BerthError) in try await verifyBehindMark() }
    }

    private func verifyBehindMark() async throws(BerthError) -> AuditFinding {
        var finding = AuditFinding()
        do {
            let mark = try await walking { db in try AuditVerifier.checkMark(db) }
            guard var link = mark else { return try await verifyWhole(true) }
            while true {
                let before = link
                let next = try await walking { db in try AuditLink.walk(db, from: before, limit: Self.verifiedAtOnce) }
                finding.checked += next.walked
                link = next.link
                if next.walked < Self.verifiedAtOnce { break }
            }
            finding.head = try await remember(link.seq, link.at, link.hash)
        } catch let fault as AuditVerifier.Fault {
            (finding.firstBad, finding.problem) = (fault.seq, fault.says)
        } catch let error as BerthError where error.code == .internal {
            finding.problem = error.message
        } catch {
            throw StorageFailure.describe(error)
        }
        return finding
    }

    private func remember(_ seq: Int64, _ at: Int64, _ hash: Data?) async throws -> AuditChain? {
        guard let hash, seq > 0 else { return nil }
        try await queue.submit(as: .background) { transaction in
            try transaction.execute(
                """
                INSERT INTO audit_verified (id, seq, hash) VALUES (1, ?1, ?2)
                ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash
                """, [seq, hash])
        }
        return AuditChain(seq: seq, at: Instant(milliseconds: at), hash: hash)
    }

    /// Reads, and leaves a fault as it is.
    func walking<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await file.readers.read(body)
    }
}

/// The chain alone, from a record on.
struct AuditLink: Sendable {
    let seq: Int64
    let at: Int64
    let hash: Data

    static func walk(_ db: Database, from start: AuditLink, limit: Int) throws -> (link: AuditLink, walked: Int) {
        let statement = try db.cachedStatement(
            sql: "SELECT \(AuditRecord.columns) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
        let rows = try Row.fetchCursor(statement, arguments: [start.seq, limit])
        var (link, walked) = (start, 0)
        while let row = try rows.next() {
            let seq: Int64 = row["seq"]
            guard let record = try? AuditRecord(row), record.at.milliseconds >= link.at,
                seq == link.seq + 1 || record.entry.event == .daemonRestored,
                AuditChain.hash(of: record, after: link.hash) == record.hash
            else {
                throw AuditVerifier.Fault(seq: seq, says: "record \(seq) does not follow from the one before it")
            }
            link = AuditLink(seq: seq, at: record.at.milliseconds, hash: record.hash)
            walked += 1
        }
        return (link, walked)
    }
}

extension AuditVerifier {
    /// The record at which the last verification ended that found nothing; nil when there was none, or it was pruned.
    /// - Throws: ``Fault`` when that record is gone, or is another one.
    @discardableResult
    static func checkMark(_ db: Database) throws -> AuditLink? {
        guard let row = try Row.fetchOne(db, sql: "SELECT seq, hash FROM audit_verified") else { return nil }
        let seq: Int64 = row["seq"]
        let record = try Row.fetchOne(db, sql: "SELECT at, hash FROM audit WHERE seq = ?", arguments: [seq])
        guard let record else {
            guard try AuditCut.last(db).map({ seq <= $0.seq }) ?? false else {
                throw Fault(seq: seq, says: "record \(seq), which was verified before, is gone")
            }
            return nil
        }
        guard record["hash"] as Data == row["hash"] else {
            throw Fault(seq: seq, says: "record \(seq) is not the one that was verified before")
        }
        return AuditLink(seq: seq, at: record["at"], hash: record["hash"])
    }
}
