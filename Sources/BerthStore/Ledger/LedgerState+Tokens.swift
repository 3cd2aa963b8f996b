import BerthCore
import FoundationEssentials
import GRDB

extension LedgerState {
    /// A row of `tokens`, with its hash's fingerprint for the hash, and without the key for repeats: no record tells of
    /// those two.
    struct Token: Hashable, Sendable, Codable {
        var id: Int64
        var name: String
        var fingerprint: String
        var maxPorts: Int?
        var allowsPIDs = false
        var createdAt: Int64
        var createdBy: String
        var expiresAt: Int64?
        var revokedAt: Int64?
        var lastSeq: Int64?
    }

    /// A token that was made.
    mutating func createToken(_ entry: AuditEntry, _ details: AuditDetails, _ wall: Int64) throws {
        let told = try Self.needed(details.token)
        guard case .token(let name) = try Self.needed(entry.holder) else {
            throw Misfit(says: "token \(told.id) has no name")
        }
        guard tokens?[told.id] == nil, tokens?.contains(where: { $0.value.name == name }) != true else {
            throw Misfit(says: "token \(name) was made twice")
        }
        let token = Token(
            id: told.id, name: name, fingerprint: try Self.needed(told.fingerprint), maxPorts: told.maxPorts,
            allowsPIDs: told.allowsPIDs ?? false, createdAt: wall, createdBy: entry.principal.description,
            expiresAt: told.expiresAt)
        tokens = (tokens ?? [:]).merging([told.id: token]) { $1 }
    }

    /// A token that was revoked.
    mutating func revokeToken(_ record: AuditRecord, _ details: AuditDetails, _ wall: Int64) throws -> Token {
        let told = try Self.needed(details.token)
        guard var token = tokens?.removeValue(forKey: told.id) else {
            throw Misfit(says: "token \(told.id) was revoked and was not there")
        }
        (token.revokedAt, token.lastSeq) = (wall, record.seq)
        return token
    }
}

extension LedgerState.Token {
    init(_ row: Row) throws {
        guard let hash = TokenHash(bytes: row["hash"]) else {
            throw BerthError(.internal, "The database holds a token's hash that Berth never writes.")
        }
        self.init(
            id: row["id"], name: row["name"], fingerprint: hash.fingerprint,
            maxPorts: try row.integerIfPresent("max_ports"), allowsPIDs: try row.truth("allow_pids"),
            createdAt: row["created_at"], createdBy: row["created_by"], expiresAt: row["expires_at"],
            revokedAt: row["revoked_at"], lastSeq: row["last_seq"])
    }

    /// Those that were not revoked; nil when there are none.
    static func unrevoked(_ db: Database) throws -> [Int64: Self]? {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM tokens WHERE revoked_at IS NULL")
        guard !rows.isEmpty else { return nil }
        return Dictionary(uniqueKeysWithValues: try rows.map { ($0["id"], try Self($0)) })
    }

    /// The token of that id; nil when there is none.
    static func fetch(_ id: Int64, _ db: Database) throws -> Self? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM tokens WHERE id = ?"), arguments: [id])
            .map { try Self($0) }
    }
}
