package import BerthAPI
import FoundationEssentials
import NIOHTTP1

extension BerthClient {
    /// Leases a block: `POST /v1/leases`.
    package func lease(_ body: LeaseBody) async throws(ClientError) -> LeaseResource {
        try await call(.POST, APIPath.leases, body: encoded(body), LeaseResource.self)
    }

    /// Renews a lease; without a TTL its own counts again.
    package func renew(_ id: Int64, ttlSeconds: Int64? = nil) async throws(ClientError) -> LeaseResource {
        try await call(.POST, APIPath.renewal(id), body: encoded(RenewBody(ttlSeconds: ttlSeconds)), LeaseResource.self)
    }

    /// Releases a lease. A lease that has ended stays as it is, and that is a success.
    package func release(_ id: Int64) async throws(ClientError) {
        _ = try await send(.DELETE, APIPath.lease(id))
    }

    /// One lease, an ended one too.
    package func show(_ id: Int64) async throws(ClientError) -> LeaseResource {
        try await call(.GET, APIPath.lease(id), LeaseResource.self)
    }

    /// The leases of all pages, ascending by id.
    /// - Parameter state: `active`, `ended` or `all`; the daemon's default is `active`.
    package func list(session: String? = nil, state: String? = nil) async throws(ClientError) -> [LeaseResource] {
        var leases: [LeaseResource] = []
        var cursor: String?
        repeat {
            let query = PageQuery([("session", session), ("state", state)], cursor: cursor)
            let page = try await call(.GET, APIPath.leases + query.text, LeasePage.self)
            leases += page.leases
            cursor = try next(page.nextCursor, after: cursor)
        } while cursor != nil
        return leases
    }

    /// The list as the daemon wrote it, where one page holds all of it; else nil. A program that wants JSON needs no other:
    /// to read it and write it anew would be two fifths of the work of `berth list --json`. With more pages,
    /// ``list(session:state:)`` asks anew.
    package func listAsWritten(session: String?, state: String) async throws(ClientError) -> [UInt8]? {
        let query = PageQuery([("session", session), ("state", state)], cursor: nil)
        let page = try await reply(to: .GET, APIPath.leases + query.text)
        // RFC 8288.
        let hasNext = page.headers["Link"].contains { $0.contains("rel=\"next\"") }
        return hasNext ? nil : Array(page.body)
    }
}

extension BerthClient {
    /// - Throws: `unexpected-reply` for a cursor that leads back to its own page, which would never end.
    func next(_ cursor: String?, after current: String?) throws(ClientError) -> String? {
        guard let cursor else { return nil }
        guard cursor != current else { throw ClientError.unexpectedReply(200, from: endpoint) }
        return cursor
    }

    func encoded(_ body: some Encodable) throws(ClientError) -> Data {
        do {
            return try JSONEncoder().encode(body)
        } catch {
            throw ClientError(code: "internal", message: "The request cannot be written: \(error)", exitCode: 70)
        }
    }
}
