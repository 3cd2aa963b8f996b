package import BerthAPI
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension BerthClient {
    /// What is asked of a session's start beside its body.
    package struct SessionWish: Sendable {
        package let body: SessionRequest
        /// How long to wait in line; 0 for not at all.
        package let seconds: Int64
        /// Stands in its ticket, and in the audit.
        package let id: String

        package init(_ body: SessionRequest, seconds: Int64) {
            self.body = body
            self.seconds = seconds
            id = UUID().uuidString.lowercased()
        }
    }

    /// How long a template may give its agents to be ready.
    private static let readyTime = TimeAmount.hours(1)

    /// Starts a session: `POST /v1/sessions`. It answers once all agents are ready.
    package func startSession(_ wish: SessionWish) async throws -> StartedSession {
        try await persist(
            APIPath.sessions, try encoded(wish.body), id: wish.id, seconds: wish.seconds, within: Self.readyTime,
            StartedSession.self)
    }

    /// The sessions of all pages.
    /// - Parameter state: `active`, `ended` or `all`; the daemon's default is `all`.
    package func sessions(state: String? = nil) async throws(ClientError) -> [SessionResource] {
        var sessions: [SessionResource] = []
        var cursor: String?
        repeat {
            let query = PageQuery([("state", state)], cursor: cursor)
            let page = try await call(.GET, APIPath.sessions + query.text, SessionPage.self)
            sessions += page.sessions
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return sessions
    }

    /// One session, the newest of its name.
    package func session(_ name: String) async throws(ClientError) -> SessionResource {
        try await call(.GET, APIPath.session(name), SessionResource.self)
    }

    /// The agents of a session.
    package func agents(of session: String) async throws(ClientError) -> AgentCatalogue {
        try await call(.GET, APIPath.agents(ofSession: session), AgentCatalogue.self)
    }

    /// Which part of an agent's log is wanted.
    package enum LogPart: Hashable, Sendable {
        case tail(bytes: Int)
        /// What was written since an answer that ended there.
        case after(Int64)
    }

    /// A part of an agent's log, and where it ends in it.
    package func log(
        of agent: String, in session: String, _ part: LogPart
    ) async throws(ClientError) -> (bytes: [UInt8], end: Int64) {
        let query =
            switch part {
            case .tail(let bytes): "?tail=\(bytes)"
            case .after(let end): "?after=\(end)"
            }
        let reply = try await reply(to: .GET, APIPath.log(of: agent, inSession: session) + query)
        guard let end = reply.headers.first(name: "Berth-Log-End").flatMap({ Int64($0) }) else {
            throw ClientError.unexpectedReply(200, from: endpoint)
        }
        return (Array(reply.body), end)
    }

    /// Ends a session: its agents are stopped, every lease of it is released and its tickets are cancelled.
    package func endSession(_ name: String) async throws(ClientError) {
        // Agents may take their time to stop.
        _ = try await send(.DELETE, APIPath.session(name), within: Self.readyTime)
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
