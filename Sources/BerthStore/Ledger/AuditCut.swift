import Crypto
import FoundationEssentials
import GRDB

/// Where history was cut off, or where its replay begins: the last record before it, and the state as it stood then.
struct AuditCut: Sendable {
    let seq: Int64
    let at: Int64
    let hash: Data
    let state: String
    let digest: Data

    init(seq: Int64, at: Int64, hash: Data, state: String) {
        (self.seq, self.at, self.hash, self.state) = (seq, at, hash, state)
        digest = Data(SHA256.hash(data: Data(state.utf8)))
    }

    private init(_ row: Row) {
        (seq, at, hash, state, digest) = (row["seq"], row["at"], row["hash"], row["state"], row["digest"])
    }

    /// The last cut; nil when history is whole.
    static func last(_ db: Database) throws -> AuditCut? {
        try Row.fetchOne(db, sql: "SELECT * FROM audit_cuts ORDER BY seq DESC LIMIT 1").map(AuditCut.init)
    }

    var isUndamaged: Bool { Data(SHA256.hash(data: Data(state.utf8))) == digest }

    /// What the record that tells of the cut says.
    func details(archive: String?) -> AuditDetails.Cut {
        AuditDetails.Cut(seq: seq, hash: hash.hexadecimal, digest: digest.hexadecimal, archive: archive)
    }

    func insert(_ transaction: WriteTransaction) throws {
        try transaction.execute(
            "INSERT INTO audit_cuts (seq, at, hash, state, digest) VALUES (?, ?, ?, ?, ?)",
            [seq, at, hash, state, digest])
    }
}
