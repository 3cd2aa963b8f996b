import AsyncHTTPClient
package import BerthCore
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks agents on 127.0.0.1 over the network.
package struct NetworkReadinessProbe: ReadinessProbe {
    private static let patience = TimeAmount.seconds(2)
    /// A card is small; a longer answer is not waited for.
    private static let maxCardBytes = 1 << 20
    /// The agent card of A2A 1.0, and the one of before 0.3.
    private static let cardPaths = ["/.well-known/agent-card.json", "/.well-known/agent.json"]

    private let client: HTTPClient

    package init() {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: Self.patience, read: Self.patience))
        // An agent that is stopped closes what was kept open; nothing of it may reach the next one on its port.
        configuration.connectionPool.idleTimeout = .milliseconds(1)
        configuration.proxy = nil
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Lets go of the client. To be called once, at the end.
    package func close() async throws { try await client.shutdown() }

    /// Asks once, for two seconds at most.
    package func isReady(_ readiness: Readiness, on port: Port) async -> Bool {
        switch readiness {
        case .tcp: await connects(to: port)
        case .http(let path): await status(of: path, on: port).map { (200..<400).contains($0) } ?? false
        case .card: await hasCard(port)
        }
    }

    private func connects(to port: Port) async -> Bool {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(Self.patience).connect(host: "127.0.0.1", port: Int(port.number)).get()
            try? await channel.close()
            return true
        } catch {
            return false
        }
    }

    private func status(of path: String, on port: Port) async -> UInt? {
        do {
            let response = try await client.execute(request(path, port), timeout: Self.patience)
            return response.status.code
        } catch {
            return nil
        }
    }

    private func hasCard(_ port: Port) async -> Bool {
        for path in Self.cardPaths {
            do {
                let response = try await client.execute(request(path, port), timeout: Self.patience)
                guard response.status.code == 200 else { continue }
                let body = try await response.body.collect(upTo: Self.maxCardBytes)
                // An object is enough: what stands in it is between the agents.
                let text = body.readableBytesView
                if text.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") { return true }
            } catch {
                return false
            }
        }
        return false
    }

    private func request(_ path: String, _ port: Port) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port.number)\(path)")
        request.headers.add(name: "Connection", value: "close")
        request.headers.add(name: "Accept", value: "application/json, */*;q=0.1")
        return request
    }
}
