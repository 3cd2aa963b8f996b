import BerthCore
import BerthRouter
import BerthTestSupport
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// A table with one session and one agent, which says of their lease what a test wants.
final class FakeTable: RouteTable {
    struct State {
        var port: Port = 1
        /// What is said of the lease, one after the other; the last stays.
        var lives = [true]
        var isAsleep = false
        var begun = 0
        var finished = 0
        var woken = 0
    }

    let state = Mutex(State())
    private let session = RoutedSession(name: "alice", row: 1, principal: .token("a"))
    private let followers = Mutex<[@Sendable (LeaseID) -> Void]>([])

    func session(_ selector: SessionSelector) -> RoutedSession? { selector == .name("alice") ? session : nil }

    func route(_ agent: AgentName, of session: RoutedSession) -> RouteLook {
        state.withLock { state in
            guard !state.isAsleep else { return .asleep }
            return .route(
                AgentRoute(
                    session: session.name, agent: agent, lease: 7, port: state.port, principal: session.principal,
                    card: .rewrite))
        }
    }

    func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError) {
        state.withLock { state in
            state.woken += 1
            state.isAsleep = false
        }
    }

    func isLive(_ lease: LeaseID) -> Bool {
        state.withLock { $0.lives.count > 1 ? $0.lives.removeFirst() : $0.lives[0] }
    }

    func begin(_ lease: LeaseID) -> Bool {
        state.withLock { $0.begun += 1 }
        return true
    }

    func finish(_ lease: LeaseID) { state.withLock { $0.finished += 1 } }

    func followEndings(_ body: @escaping @Sendable (LeaseID) -> Void) { followers.withLock { $0.append(body) } }

    /// The lease ends.
    func end() {
        state.withLock { $0.lives = [false] }
        for follower in followers.withLock({ $0 }) { follower(7) }
    }
}

/// Opens everything to the bearer of `open`.
struct OneToken: RouteGuard {
    struct Secret: PresentedSecret {
        let text: String

        func judge(for session: RoutedSession?) -> Judgement {
            guard text == "open" else { return .unknown }
            return session == nil ? .foreign : .allowed
        }
    }

    func present(_ secret: String) -> any PresentedSecret { Secret(text: secret) }
}

/// An agent that sees heads of requests and says what a test wants.
final class ScriptedAgent: Sendable {
    enum Reply {
        case answer(String)
        case hangUp
        case answerAndHangUp(String)
    }

    private struct Seen {
        var connections = 0
        var lines: [String] = []
    }

    let port: Port
    private let channel: any Channel
    private let seen: Seens

    /// Shared with the connections' handlers.
    private final class Seens: Sendable { let value = Mutex(Seen()) }

    var connections: Int { seen.value.withLock { $0.connections } }
    /// The first line of each request.
    var lines: [String] { seen.value.withLock { $0.lines } }

    /// - Parameter script: gets the first line of a request and its number on its connection, from 1 on.
    static func start(_ script: @escaping @Sendable (String, Int) -> Reply) async throws -> ScriptedAgent {
        let seen = Seens()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                seen.value.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Talk(seen: seen, script: script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedAgent(channel, seen)
    }

    private init(_ channel: any Channel, _ seen: Seens) {
        self.channel = channel
        self.seen = seen
        port = .of(channel.localAddress?.port ?? 1)
    }

    func stop() async throws { try await channel.close() }

    private final class Talk: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let seen: Seens
        private let script: @Sendable (String, Int) -> Reply
        private var text = ""
        private var count = 0

        init(seen: Seens, script: @escaping @Sendable (String, Int) -> Reply) {
            self.seen = seen
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            while let end = text.firstRange(of: "\r\n\r\n") {
                let line = String(text.prefix { $0 != "\r\n" })
                text = String(text[end.upperBound...])
                count += 1
                seen.value.withLock { $0.lines.append(line) }
                switch script(line, count) {
                case .answer(let answer):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
                case .hangUp: context.close(promise: nil)
                case .answerAndHangUp(let answer):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
                    context.close(promise: nil)
                }
            }
        }
    }
}

/// A router on a port of its own.
struct RouterBench {
    let table: FakeTable
    let port: Int

    /// Runs the body with a router in front of an agent.
    static func with(
        _ agent: ScriptedAgent, transform: (any AnswerTransform)? = nil, limits: RouterLimits = RouterLimits(),
        _ body: (RouterBench) async throws -> Void
    ) async throws {
        let table = FakeTable()
        table.state.withLock { $0.port = agent.port }
        let (ports, told) = AsyncStream.makeStream(of: Int.self)
        let parts = RouterParts(
            table: table, gate: OneToken(), isOwnHost: { host, _ in host == "router" }, requestID: { $0 ?? "r" },
            problem: { error, _ in ByteBuffer(string: error.code.rawValue) }, transform: transform, limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let service = RouterService(host: "127.0.0.1", port: 0, parts: parts) { told.yield($0?.port ?? 0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            for await port in ports.prefix(1) { try await body(RouterBench(table: table, port: port)) }
            group.cancelAll()
        }
        try await agent.stop()
    }

    /// Sends requests, the last of which ends the connection, and returns all that comes.
    func ask(_ requests: String...) async throws -> String {
        let text = requests.enumerated().map { index, request in
            Self.request(request, index == requests.count - 1 ? "Connection: close\r\n" : "")
        }
        return try await say(text.joined())
    }

    /// The head of a request that may come in.
    static func request(_ line: String, _ fields: String = "") -> String {
        "\(line) HTTP/1.1\r\nHost: router\r\nAuthorization: Bearer open\r\n\(fields)\r\n"
    }

    /// Opens a connection.
    func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Sends a text and returns all that comes until the router ends the connection.
    func say(_ text: String) async throws -> String {
        try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var all = ByteBuffer()
            for try await part in inbound { all.writeImmutableBuffer(part) }
            return String(buffer: all)
        }
    }
}
