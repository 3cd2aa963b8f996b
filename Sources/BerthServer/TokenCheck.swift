import BerthCore
package import BerthLeasing
import BerthStore

/// Recognises bearer tokens (RFC 6750). It knows only their hashes.
package struct TokenCheck: Sendable {
    private let administrator: TokenHash
    private let tokens: TokenBook

    /// - Parameter tokens: those that were created, beside the administrator's.
    package init(administratorToken: String, tokens: TokenBook) {
        administrator = TokenHash(ofSecret: administratorToken)
        self.tokens = tokens
    }

    /// Who the bearer of a token is.
    struct Bearer {
        let caller: Caller
        /// Nil for the administrator's.
        let token: TokenID?
    }

    /// Whom the one Authorization field stands for; nil for no field, several, and a token that is unknown, revoked or
    /// past its end.
    ///
    /// Hashes are compared in constant time, so that no answer's delay tells how much of a guess was right.
    func bearer(_ fields: [String]) -> Bearer? {
        guard fields.count == 1, let secret = BearerToken.secret(in: fields[0]) else { return nil }
        return bearer(TokenHash(ofSecret: secret))
    }

    /// Whom a token stands for; nil for one that is unknown, revoked or past its end.
    func bearer(_ hash: TokenHash) -> Bearer? {
        if hash == administrator {
            return Bearer(
                caller: Caller(
                    principal: .token(TokenName.administrator.rawValue), isAdministrator: true, mayNameProcesses: true),
                token: nil)
        }
        return tokens.token(hash).map { Bearer(caller: $0.caller, token: $0.id) }
    }
}
