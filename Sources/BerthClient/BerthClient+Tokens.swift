package import BerthAPI
package import BerthCore
import NIOHTTP1

extension BerthClient {
    /// Makes a token; the answer has its secret, which is told to nobody again.
    package func createToken(_ wish: TokenWish) async throws(ClientError) -> CreatedToken {
        try await call(.POST, APIPath.tokens, body: encoded(TokenRequest(wish)), CreatedToken.self)
    }

    /// The tokens of all pages, oldest first.
    /// - Parameter state: `active`, `ended` or `all`.
    package func tokens(state: String) async throws(ClientError) -> [TokenResource] {
        var tokens: [TokenResource] = []
        var cursor: String?
        repeat {
            let page = try await call(
                .GET, APIPath.tokens + PageQuery([("state", state)], cursor: cursor).text, TokenPage.self)
            tokens += page.tokens
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return tokens
    }

    /// Revokes a token: it lets nobody in any more.
    package func revokeToken(_ name: String) async throws(ClientError) {
        _ = try await send(.DELETE, APIPath.token(name))
    }
}
