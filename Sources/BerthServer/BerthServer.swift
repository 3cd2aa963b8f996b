package import BerthCore
package import BerthHost
package import BerthLeasing
import HTTPTypes
package import Hummingbird
package import HummingbirdCore
package import Logging
import NIOCore

/// The API on its listeners. Each listener has a gate of its own in front of the same routes.
package struct BerthServer: Sendable {
    /// What the listeners have in common.
    package struct Parts: Sendable {
        package var manager: LeaseManager
        package var sessions: any SessionKeeping
        package var reaper: Reaper
        package var metrics: PrometheusRegistry
        package var logger: Logger
        package var traffic: TrafficLimits
        package var clock: any HostClock
        /// Adds the route that the benchmark measures against.
        package var hasEcho: Bool

        package init(
            manager: LeaseManager, sessions: any SessionKeeping, reaper: Reaper, metrics: PrometheusRegistry,
            logger: Logger,
            traffic: TrafficLimits, clock: any HostClock, hasEcho: Bool
        ) {
            self.manager = manager
            self.sessions = sessions
            self.reaper = reaper
            self.metrics = metrics
            self.logger = logger
            self.traffic = traffic
            self.clock = clock
            self.hasEcho = hasEcho
        }
    }

    /// The most connections of a listener at once; more wait in the kernel's backlog.
    static let maxConnections = 8192
    /// How long a kept-alive connection may be silent.
    static let idleTimeout = TimeAmount.seconds(75)
    static let maxHeaderBytes = 16 * 1024

    private let parts: Parts
    private let requestIDs = RequestIDs()
    private let limiter: RateLimiter?
    private let connections: ConnectionCount?

    package init(parts: Parts) {
        self.parts = parts
        limiter = parts.traffic.requests.map { RateLimiter($0, clock: parts.clock) }
        connections = parts.traffic.maxConnections.map { ConnectionCount(limit: $0) }
    }

    /// One listener as a service.
    /// - Parameters:
    ///   - certificate: makes it speak TLS, which the gate's check of hosts has to expect.
    ///   - onRunning: called with the bound channel before the first request.
    package func listener(
        at address: BindAddress, gate: Gate, certificate: ServerCertificate? = nil,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> Application<RouterResponder<BerthRequestContext>> {
        let requestIDs = requestIDs
        let connections = connections
        let peers: Peers? = if case .socket(let peers, _) = gate { peers } else { nil }
        let scheme: WebScheme? = if case .network(_, let hosts) = gate { hosts.scheme } else { nil }
        var configuration = ApplicationConfiguration(address: address)
        configuration.backlog = 1024
        configuration.availableConnectionsDelegate = MaximumAvailableConnections(Self.maxConnections)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionHandler(requestIDs: requestIDs, peers: peers, connections: connections)
            ],
            idleTimeout: Self.idleTimeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: Self.maxHeaderBytes, maxHeaderListSize: Self.maxHeaderBytes,
                maxHeaderFieldCount: 128))
        return Application(
            responder: try router(gate: gate).buildResponder(),
            server: HTTPServerBuilder { responder in
                PinnedChannel(
                    channel: HTTP1Channel(responder: responder, configuration: channel), scheme: scheme,
                    certificate: certificate)
            },
            configuration: configuration,
            onServerRunning: onRunning,
            logger: parts.logger.quietened)
    }

    /// The portserver protocol on a bound Unix socket, as a service that closes it.
    ///
    /// Bounds of what one principal may ask for and have open hold over this and the API together.
    /// - Parameters:
    ///   - pool: where the ports come from.
    ///   - admits: who may ask at all.
    ///   - onRunning: called once clients are taken.
    package func portserver(
        on descriptor: Int32, peers: Peers, pool: PoolName, admits: @escaping @Sendable (PeerCredentials) -> Bool,
        onRunning: @escaping @Sendable () -> Void
    ) -> Portserver {
        Portserver(
            lessor: PortserverLessor(manager: parts.manager, peers: peers, pool: pool, limiter: limiter),
            connections: connections, logger: parts.logger, descriptor: descriptor, admits: admits,
            onRunning: onRunning)
    }

    private func router(gate: Gate) throws -> Router<BerthRequestContext> {
        let router = Router(context: BerthRequestContext.self, options: .autoGenerateHeadEndpoints)
        let book = RouteBook()
        if let limiter { router.add(middleware: RateLimitFields(limiter.rate)) }
        router.add(
            middleware: ProblemMiddleware(requestIDs: requestIDs, routes: book, logger: parts.logger))
        var gateKeeper = GateMiddleware(gate: gate)
        gateKeeper.connections = connections
        router.add(middleware: gateKeeper)
        if let limiter { router.add(middleware: RateLimitMiddleware(limiter: limiter)) }
        router.add(middleware: WholeRequestMiddleware())
        let routes = Routes(manager: parts.manager, sessions: parts.sessions, book: book)
        routes.addLeases(to: router)
        routes.addAgents(to: router)
        routes.addTickets(to: router)
        routes.addPools(to: router)
        routes.addPorts(to: router)
        routes.addReaping(to: router)
        routes.addAudit(to: router)
        routes.addSessions(to: router)
        routes.addTokens(to: router)
        routes.addOperations(to: router, readiness: readiness, metrics: parts.metrics)
        try routes.addDocuments(to: router)
        if parts.hasEcho { routes.addEcho(to: router) }
        return router
    }

    @Sendable private func readiness() async -> [ReadinessCheck] {
        let database: ReadinessCheck
        do {
            try await parts.manager.checkWritable()
            database = ReadinessCheck(name: "database", ok: true, detail: "a transaction can be written")
        } catch {
            database = ReadinessCheck(name: "database", ok: false, detail: error.message)
        }
        let age = parts.reaper.millisecondsSinceSweep
        return [
            database,
            ReadinessCheck(name: "reaper", ok: age < 10_000, detail: "its last sweep was \(age) ms ago"),
        ]
    }
}

extension Logger {
    /// The same log for the web server, whose routine is not news.
    fileprivate var quietened: Logger {
        var logger = self
        logger.logLevel = max(logLevel, .warning)
        return logger
    }
}
