import AsyncHTTPClient
import BerthAPI
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Speaks to one daemon. It prints nothing, and its one thread ends with ``connected(toFirstOf:_:)``.
package struct BerthClient: Sendable {
    /// Where the daemon is.
    package let endpoint: Endpoint
    private let http: HTTPClient

    /// Leasing can wait for a batch of commits and its fsync; a daemon that takes longer than this is stuck.
    static let callTimeout = TimeAmount.seconds(30)
    /// What a page of the longest list may weigh.
    private static let longestReply = 64 << 20

    /// Runs `body` with a client for the first endpoint that answers.
    ///
    /// A single endpoint is taken as it is; of several, each is asked for `/livez`, and only what connects counts.
    /// - Throws: ``ClientError`` `no-daemon` that tells of each place; otherwise what `body` throws.
    package static func connected<Success>(
        toFirstOf endpoints: [Endpoint], _ body: (BerthClient) async throws -> Success
    ) async throws -> Success {
        let tls = try tls(for: endpoints)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.tlsConfiguration = tls
        let http = HTTPClient(eventLoopGroup: group, configuration: configuration)
        let outcome: Result<Success, any Error>
        do {
            let endpoint = try await firstAnswering(endpoints, http)
            outcome = .success(try await body(BerthClient(endpoint: endpoint, http: http)))
        } catch {
            outcome = .failure(error)
        }
        try await http.shutdown()
        try await group.shutdownGracefully()
        return try outcome.get()
    }

    /// Nil where nobody is asked over TLS: a short command does nothing for it.
    private static func tls(for endpoints: [Endpoint]) throws(ClientError) -> TLSConfiguration? {
        for case .url(let base, _, let authorities) in endpoints where base.hasPrefix("https:") {
            return try TrustedAuthorities.configuration(adding: authorities)
        }
        return nil
    }

    private static func firstAnswering(_ endpoints: [Endpoint], _ http: HTTPClient) async throws -> Endpoint {
        if let only = endpoints.first, endpoints.count == 1 { return only }
        var attempts: [(endpoint: Endpoint, reason: String)] = []
        for endpoint in endpoints {
            do {
                let request = try request(.GET, "/livez", body: nil, to: endpoint)
                _ = try await http.execute(request, timeout: .seconds(2))
                return endpoint
            } catch let error as ClientError {
                attempts.append((endpoint, error.message))
            } catch {
                switch TransportFailure(error) {
                case .notConnected(let reason): attempts.append((endpoint, reason))
                case .denied: attempts.append((endpoint, "permission denied"))
                case .untrusted(let reason): attempts.append((endpoint, reason))
                case .timedOut: attempts.append((endpoint, "no answer in time"))
                case .lost: attempts.append((endpoint, "it hangs up"))
                }
            }
        }
        throw ClientError.noDaemon(attempts)
    }

    /// Finds out whether anybody answers.
    /// - Throws: ``ClientError`` `no-daemon` when nobody does.
    package func knock() async throws(ClientError) {
        do {
            _ = try await send(.GET, "/livez")
        } catch  where error.code == "connection-lost" {
            // It is going away, and nothing was asked of it yet.
            throw .noDaemon([(endpoint, "it hangs up")])
        }
    }

    /// Sends one request and returns the body of a 2xx reply.
    func send(
        _ method: HTTPMethod, _ path: String, body: Data? = nil, headers: [(String, String)] = [],
        within time: TimeAmount = callTimeout
    ) async throws(ClientError) -> Data {
        try await reply(to: method, path, body: body, headers: headers, within: time).body
    }

    /// Sends one request and returns a 2xx reply.
    func reply(
        to method: HTTPMethod, _ path: String, body: Data? = nil, headers: [(String, String)] = [],
        within time: TimeAmount = callTimeout
    ) async throws(ClientError) -> (body: Data, headers: HTTPHeaders) {
        var request = try Self.request(method, path, body: body, to: endpoint)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response: HTTPClientResponse
        let reply: Data
        do {
            response = try await http.execute(request, timeout: time)
            reply = Data(try await response.body.collect(upTo: Self.longestReply).readableBytesView)
        } catch {
            throw ClientError(TransportFailure(error), at: endpoint)
        }
        let status = Int(response.status.code)
        guard (200..<300).contains(status) else { throw refusal(status, reply) }
        return (reply, response.headers)
    }

    /// What the daemon says when it does not do what it was asked.
    private func refusal(_ status: Int, _ reply: Data) -> ClientError {
        guard let problem = try? JSONDecoder().decode(Problem.self, from: reply) else {
            // No problem to read: another program, or a proxy in between.
            return ClientError.unexpectedReply(status, from: endpoint)
        }
        return ClientError(problem)
    }

    /// Sends one request, and hands on the reply as it comes; the next piece is read when the last one was taken.
    func stream(
        _ path: String, accept: String, headers: [(String, String)] = [], _ take: ([UInt8]) throws -> Void
    ) async throws {
        var request = try Self.request(.GET, path, body: nil, to: endpoint)
        request.headers.replaceOrAdd(name: "Accept", value: accept)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, deadline: .distantFuture)
            guard response.status.code == 200 else {
                let reply = Data(try await response.body.collect(upTo: Self.longestReply).readableBytesView)
                throw refusal(Int(response.status.code), reply)
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(TransportFailure(error), at: endpoint)
        }
        var pieces = response.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do { piece = try await pieces.next() } catch { throw ClientError(TransportFailure(error), at: endpoint) }
            guard let piece else { return }
            try take(Array(piece.readableBytesView))
        }
    }

    /// Sends one request and reads the reply's JSON.
    func call<Reply: Decodable>(
        _ method: HTTPMethod, _ path: String, body: Data? = nil, _ type: Reply.Type,
        headers: [(String, String)] = [], within time: TimeAmount = callTimeout
    ) async throws(ClientError) -> Reply {
        let reply = try await send(method, path, body: body, headers: headers, within: time)
        do {
            return try JSONDecoder().decode(type, from: reply)
        } catch {
            throw ClientError.unexpectedReply(200, from: endpoint)
        }
    }

    private static func request(
        _ method: HTTPMethod, _ path: String, body: Data?, to endpoint: Endpoint
    ) throws(ClientError) -> HTTPClientRequest {
        var request: HTTPClientRequest
        switch endpoint {
        case .unixSocket(let socket):
            guard socket.utf8.count <= Endpoint.longestSocketPath,
                let url = URL(httpURLWithSocketPath: socket, uri: path)
            else {
                throw ClientError(
                    code: "no-daemon", message: "\(socket) is no path that a Unix socket can have.", exitCode: 69)
            }
            request = HTTPClientRequest(url: url.absoluteString)
            request.headers.add(name: "Host", value: "localhost")
        case .url(let base, let token, _):
            request = HTTPClientRequest(url: base + path)
            if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        }
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return request
    }
}
