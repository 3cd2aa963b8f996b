package import BerthCore
import FoundationEssentials
import GRDB

/// Tokens: making, revoking and listing them. Only hashes of their secrets get here.
extension LeaseStore {
    /// Makes a token.
    ///
    /// A repeat of the request, by its Idempotency-Key, gets the token that the first one made. Its secret was told once,
    /// and is told to nobody again: the hash of the repeat's own is forgotten.
    /// - Throws: `name-conflict` while there is a token of this name, `invalid-field` for the administrator's name,
    ///   `idempotency-key-reused`.
    package func createToken(
        _ wish: TokenWish, hash: TokenHash, _ context: ChangeContext
    ) async throws(BerthError) -> (token: Token, isReplay: Bool) {
        try await queue.submit { transaction in
            if let earlier = try transaction.createdToken(context) { return (earlier, true) }
            guard wish.name != .administrator else {
                throw BerthError.invalid("name", "\(wish.name) is the administrator's; choose another name")
            }
            if try transaction.liveToken(wish.name) != nil {
                throw BerthError(
                    .nameConflict,
                    "There is a token \(wish.name) already. Revoke it before you make another of this name; its secret was"
                        + " told once, when it was made.")
            }
            let stored = StoredToken(token: try transaction.insert(wish, hash, context), hash: hash)
            transaction.follow(.tokenCreated(stored))
            return (stored.token, false)
        }
    }

    /// Revokes the token of that name; one that was revoked stays as it is. What its bearer leased stays too, until it
    /// ends by its TTL or an administrator ends it.
    /// - Throws: `not-found`.
    package func revokeToken(_ name: TokenName, _ context: ChangeContext) async throws(BerthError) {
        try await queue.submit(as: .givesBack) { transaction in
            guard let token = try transaction.liveToken(name) else {
                guard try Self.newestToken(name, transaction.db) == nil else { return }
                throw BerthError(.notFound, "There is no token \(name).")
            }
            var entry = context.entry(.tokenRevoked, reason: "token \(name) was revoked")
            entry.holder = token.principal
            entry.details.token = AuditDetails.Token(id: token.id.number)
            try transaction.audit(entry)
            try transaction.execute(
                "UPDATE tokens SET revoked_at = ?, last_seq = ? WHERE id = ? AND revoked_at IS NULL",
                [transaction.now.wall.milliseconds, transaction.chain.seq, token.id.number])
            transaction.follow(.tokenRevoked(token.id))
        }
    }

    /// The newest token of that name; nil when there is none.
    package func token(_ name: TokenName) async throws(BerthError) -> Token? {
        try look { db in try Self.newestToken(name, db) }
    }

    /// Tokens in ascending order of their ids.
    package func tokens(_ filter: TokenFilter, now: Instant) async throws(BerthError) -> [Token] {
        let condition =
            switch filter.state {
            case .active: "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)"
            case .ended: "(revoked_at IS NOT NULL OR expires_at <= ?2)"
            case .all: "?2 IS NOT NULL"
            }
        return try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM tokens WHERE id > ?1 AND \(condition) ORDER BY id LIMIT ?3",
                arguments: [filter.after.number, now.milliseconds, filter.limit]
            ).map(Token.init)
        }
    }

    /// Every token that was not revoked, for memory; those past their end among them.
    package func unrevokedTokens() async throws(BerthError) -> [StoredToken] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM tokens WHERE revoked_at IS NULL").map(StoredToken.init)
        }
    }

    private static func newestToken(_ name: TokenName, _ db: Database) throws -> Token? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM tokens WHERE name = ? ORDER BY id DESC LIMIT 1", arguments: [name.rawValue]
        ).map(Token.init)
    }
}

extension WriteTransaction {
    /// The token of that name that was not revoked.
    fileprivate func liveToken(_ name: TokenName) throws -> Token? {
        try row("SELECT * FROM tokens WHERE name = ? AND revoked_at IS NULL", [name.rawValue]).map(Token.init)
    }

    /// What an earlier request with the context's key made; nil when this is the first.
    /// - Throws: ``ErrorCode/idempotencyKeyReused`` when that request said something else.
    fileprivate func createdToken(_ context: ChangeContext) throws -> Token? {
        guard let key = context.idempotency else { return nil }
        let found = try row(
            """
            SELECT * FROM tokens WHERE created_by = ? AND key = ? AND created_at > ? ORDER BY id DESC LIMIT 1
            """,
            [
                context.caller.principal.description, key.key,
                now.wall.milliseconds - IdempotencyKey.lifetimeMilliseconds,
            ])
        guard let found else { return nil }
        try key.checkSameRequest(found["request_hash"])
        return try Token(found)
    }

    fileprivate func insert(_ wish: TokenWish, _ hash: TokenHash, _ context: ChangeContext) throws -> Token {
        let expiresAt = wish.ttlSeconds.map { now.wall.advanced(byMilliseconds: $0 * 1000) }
        try execute(
            """
            INSERT INTO tokens (name, hash, max_ports, allow_pids, created_at, created_by, expires_at, key, request_hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                wish.name.rawValue, hash.bytes, wish.terms.maxPorts, wish.terms.mayNameProcesses,
                now.wall.milliseconds, context.caller.principal.description, expiresAt?.milliseconds,
                context.idempotency?.key, context.idempotency?.requestHash,
            ])
        let token = Token(
            id: TokenID(db.lastInsertedRowID), name: wish.name, terms: wish.terms, createdAt: now.wall,
            createdBy: context.caller.principal, expiresAt: expiresAt, revokedAt: nil)
        var entry = context.entry(.tokenCreated, reason: token.summary)
        entry.holder = token.principal
        entry.details.token = AuditDetails.Token(token, hash)
        try audit(entry)
        return token
    }

    /// Takes away revoked tokens that no record tells of any more.
    func removeTokens(limit: Int) throws {
        try execute(
            """
            DELETE FROM tokens WHERE id IN (
                SELECT id FROM tokens WHERE last_seq < (SELECT min(seq) FROM audit) ORDER BY last_seq LIMIT ?)
            """, [limit])
    }
}

extension Token {
    /// What it allows, in words.
    fileprivate var summary: String {
        let ports = terms.maxPorts.map { "for at most \($0) ports" } ?? "for any number of ports"
        let end = expiresAt.map { ", until \($0)" } ?? ""
        return "token \(name), \(ports)\(end)\(terms.mayNameProcesses ? ", and may name processes" : "")"
    }
}
