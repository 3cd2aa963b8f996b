package import BerthCore
package import Logging
package import NIOCore

/// What a router needs of its surroundings.
package final class RouterParts: Sendable {
    package let table: any RouteTable
    package let gate: any RouteGuard
    /// Whether a host that a request names is the router's own: an exact one, at the end that the client connected to.
    package let isOwnHost: @Sendable (String, SocketAddress?) -> Bool
    /// A name for a request: the client's where it is well-formed, else a new one.
    package let requestID: @Sendable (String?) -> String
    /// An error as its caller sees it, in JSON.
    package let problem: @Sendable (BerthError, String) -> ByteBuffer
    /// Makes a connection begin with a TLS handshake; nil for HTTP in the clear.
    package let secure: (@Sendable (any Channel) -> EventLoopFuture<Void>)?
    /// What is done to answers that are read whole.
    package let transform: (any AnswerTransform)?
    package let limits: RouterLimits
    package let logger: Logger

    package init(
        table: any RouteTable, gate: any RouteGuard,
        isOwnHost: @escaping @Sendable (String, SocketAddress?) -> Bool,
        requestID: @escaping @Sendable (String?) -> String,
        problem: @escaping @Sendable (BerthError, String) -> ByteBuffer,
        secure: (@Sendable (any Channel) -> EventLoopFuture<Void>)? = nil,
        transform: (any AnswerTransform)? = nil, limits: RouterLimits = RouterLimits(), logger: Logger
    ) {
        self.table = table
        self.gate = gate
        self.isOwnHost = isOwnHost
        self.requestID = requestID
        self.problem = problem
        self.secure = secure
        self.transform = transform
        self.limits = limits
        self.logger = logger
    }

    var scheme: String { secure == nil ? "http" : "https" }
}

/// Bounds of a router, most of them the API's.
package struct RouterLimits: Sendable {
    package var maxHeaderBytes = 16 * 1024
    package var maxHeaderFields = 128
    /// From the first byte of a request, or from the connection's start, to the end of its head.
    package var headSeconds: Int64 = 15
    /// How long a kept-alive connection may be silent between two requests.
    package var idleSeconds: Int64 = 75
    /// How long a client may take for the rest of the last answer, or of a tunnel.
    package var takeSeconds: Int64 = 120
    /// How long a client may go on sending when it has taken the last answer.
    package var farewellSeconds: Int64 = 2
    /// Connections at once; more wait in the kernel's backlog.
    package var maxConnections = 4096
    /// How long an agent may take to accept a connection.
    package var connectSeconds: Int64 = 5
    /// How long a connection to an agent is kept for the next request.
    package var keepSeconds: Int64 = 15
    /// A request that must not come twice takes no connection that was idle for longer: the agent may be closing it.
    package var freshSeconds: Int64 = 1
    /// Idle connections to one port, on each event loop.
    package var maxKept = 64
    /// The longest answer that is read whole.
    package var maxHeldBytes = 1024 * 1024
    /// How long requests under way may go on when the daemon stops.
    package var drainSeconds: Int64 = 2

    package init() {}
}
