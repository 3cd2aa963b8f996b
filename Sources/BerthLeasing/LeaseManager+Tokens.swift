package import BerthCore
package import BerthStore
import Logging

/// Tokens. Who may do this is the server's business.
extension LeaseManager {
    /// Makes a token.
    /// - Returns: the token with its secret, which is told this once; a repeat of the request gets the token without it.
    /// - Throws: `name-conflict`, `invalid-field`, `idempotency-key-reused`.
    package func createToken(
        _ wish: TokenWish, _ context: ChangeContext
    ) async throws(BerthError) -> (token: Token, secret: TokenSecret?) {
        let secret = TokenSecret()
        let made = try await store.createToken(wish, hash: TokenHash(ofSecret: secret.text), context)
        guard !made.isReplay else { return (made.token, nil) }
        logger.notice(
            "token created", metadata: ["token": "\(wish.name)", "by": "\(context.caller.principal)"])
        return (made.token, secret)
    }

    /// Revokes a token: from the answer on it lets nobody in.
    /// - Throws: `not-found`.
    package func revokeToken(_ name: TokenName, _ context: ChangeContext) async throws(BerthError) {
        try await store.revokeToken(name, context)
        logger.notice("token revoked", metadata: ["token": "\(name)", "by": "\(context.caller.principal)"])
    }

    /// The newest token of that name, a revoked one too.
    /// - Throws: `not-found`.
    package func token(_ name: TokenName) async throws(BerthError) -> Token {
        guard let token = try await store.token(name) else {
            throw BerthError(.notFound, "There is no token \(name).")
        }
        return token
    }

    /// Tokens in ascending order of their making.
    package func listTokens(_ filter: TokenFilter) async throws(BerthError) -> [Token] {
        try await store.tokens(filter, now: clock.now().wall)
    }
}
