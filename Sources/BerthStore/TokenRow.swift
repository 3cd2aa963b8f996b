package import BerthCore
import FoundationEssentials
import GRDB

extension Token {
    /// A row of `tokens`.
    init(_ row: Row) throws {
        self.init(
            id: TokenID(row["id"]), name: try row.checked("name"),
            terms: TokenTerms(
                maxPorts: try row.integerIfPresent("max_ports"), mayNameProcesses: try row.truth("allow_pids")),
            createdAt: Instant(milliseconds: row["created_at"]), createdBy: try row.principal("created_by"),
            expiresAt: (row["expires_at"] as Int64?).map(Instant.init(milliseconds:)),
            revokedAt: (row["revoked_at"] as Int64?).map(Instant.init(milliseconds:)))
    }
}

/// A token together with what its bearer is recognised by.
package struct StoredToken: Hashable, Sendable {
    package let token: Token
    package let hash: TokenHash

    init(token: Token, hash: TokenHash) {
        self.token = token
        self.hash = hash
    }

    init(_ row: Row) throws {
        guard let hash = TokenHash(bytes: row["hash"]) else {
            throw BerthError(.internal, "The database holds a token's hash that Berth never writes.")
        }
        self.init(token: try Token(row), hash: hash)
    }
}

/// Which tokens to list.
package struct TokenFilter: Hashable, Sendable {
    /// Those that let somebody in, those that do no more, or both.
    package enum State: String, CaseIterable, Sendable { case active, ended, all }

    package var state: State
    /// The token that the page starts behind.
    package var after: TokenID
    package var limit: Int

    package init(state: State = .active, after: TokenID = TokenID(0), limit: Int = 100) {
        self.state = state
        self.after = after
        self.limit = limit
    }
}
