package import BerthAPI
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension BerthClient {
    /// What identifies a request that waits, for its repeats and in the line.
    package struct WaitingRequest: Sendable {
        package let body: LeaseBody
        package let seconds: Int64
        /// Stands in its ticket, and in the audit.
        package let id: String

        /// - Parameter seconds: how long to wait at most.
        package init(_ body: LeaseBody, seconds: Int64) {
            self.body = body
            self.seconds = seconds
            id = UUID().uuidString.lowercased()
        }
    }

    /// How long a daemon that went away is waited for: it keeps the place for as long.
    private static let returnTime = Duration.seconds(9)
    private static let returnPause = Duration.milliseconds(100)
    private static let connectedTime = Duration.seconds(1)

    /// Leases a block, waiting in line for it. Where the daemon goes away meanwhile and comes back, the request is repeated
    /// and keeps its place; whoever ends the process leaves the line.
    package func lease(_ request: WaitingRequest) async throws -> LeaseResource {
        try await persist(
            APIPath.leases, try encoded(request.body), id: request.id, seconds: request.seconds, within: .zero,
            LeaseResource.self)
    }

    /// Sends a request that may wait in line, again where the daemon went away and came back.
    /// - Parameters:
    ///   - seconds: how long it waits at most; with 0 it does not, and is sent once.
    ///   - time: how long the daemon may take beside that.
    func persist<Reply: Decodable>(
        _ path: String, _ body: Data, id: String, seconds: Int64, within time: TimeAmount, _ type: Reply.Type
    ) async throws -> Reply {
        var headers = [("Idempotency-Key", id), ("X-Request-Id", id)]
        if seconds > 0 { headers.append(("Prefer", "wait=\(seconds)")) }
        let deadline = ContinuousClock.now + .seconds(seconds)
        var lostSince: ContinuousClock.Instant?
        while true {
            let start = ContinuousClock.now
            let failure: ClientError
            do {
                return try await call(
                    .POST, path, body: body, type, headers: headers,
                    within: .seconds(seconds) + time + Self.callTimeout)
            } catch {
                failure = error
            }
            // Nothing was heard yet of a daemon that was never there.
            guard failure.mayPass, lostSince != nil || failure.code != "no-daemon" else { throw failure }
            let now = ContinuousClock.now
            // What had waited for a while was connected: it is lost anew.
            let since = now - start > Self.connectedTime ? now : lostSince ?? now
            lostSince = since
            guard now < since + Self.returnTime, now < deadline else { throw failure }
            try await Task.sleep(for: Self.returnPause)
        }
    }

    /// The waiting tickets of all pages, ascending by id.
    package func tickets(session: String? = nil, pool: String? = nil) async throws(ClientError) -> [TicketResource] {
        var tickets: [TicketResource] = []
        var cursor: String?
        repeat {
            let query = PageQuery([("session", session), ("pool", pool)], cursor: cursor)
            let page = try await call(.GET, APIPath.tickets + query.text, TicketPage.self)
            tickets += page.tickets
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return tickets
    }
}

extension ClientError {
    /// Whether the daemon went away, and may come back.
    fileprivate var mayPass: Bool { ["connection-lost", "no-daemon", "storage-unavailable"].contains(code) }
}
