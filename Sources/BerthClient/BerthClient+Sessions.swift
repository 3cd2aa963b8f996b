package import BerthAPI
import NIOHTTP1

extension BerthClient {
    /// The sessions of all pages.
    package func sessions() async throws(ClientError) -> [SessionResource] {
        var sessions: [SessionResource] = []
        var cursor: String?
        repeat {
            let page = try await call(.GET, APIPath.sessions + PageQuery([], cursor: cursor).text, SessionPage.self)
            sessions += page.sessions
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return sessions
    }

    /// Ends a session: every lease of it is released and its tickets are cancelled, in one transaction.
    package func endSession(_ name: String) async throws(ClientError) {
        _ = try await send(.DELETE, APIPath.session(name))
    }

    /// Every pool, as it stands.
    package func pools() async throws(ClientError) -> [PoolResource] {
        var pools: [PoolResource] = []
        var cursor: String?
        repeat {
            let page = try await call(.GET, APIPath.pools + PageQuery([], cursor: cursor).text, PoolPage.self)
            pools += page.pools
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return pools
    }
}
