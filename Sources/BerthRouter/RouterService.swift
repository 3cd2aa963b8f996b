internal import BerthCore
package import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// The router on a listener of its own.
package struct RouterService: Service, CustomStringConvertible {
    private let host: String
    private let port: Int
    private let parts: RouterParts
    private let group: MultiThreadedEventLoopGroup
    private let onRunning: @Sendable (SocketAddress?) -> Void

    package var description: String { "BerthRouter.RouterService" }

    /// - Parameters:
    ///   - host: an address, as digits.
    ///   - port: 0 takes a free one.
    ///   - onRunning: called with the bound address before the first request.
    package init(
        host: String, port: Int, parts: RouterParts, onRunning: @escaping @Sendable (SocketAddress?) -> Void
    ) {
        self.host = host
        self.port = port
        self.parts = parts
        self.onRunning = onRunning
        group = .singleton
    }

    /// Serves until the graceful shutdown, which gives requests under way a moment.
    package func run() async throws {
        let loops = RouterLoops(group, parts)
        parts.table.followEndings { lease in loops.end(lease) }
        let channel = try await bind(loops)
        onRunning(channel.localAddress)
        // Ends by the shutdown, or by a cancellation, which gives no moment.
        try? await gracefulShutdown()
        // What listens is closed by now, or was never bound.
        try? await channel.close()
        await withTaskCancellationHandler {
            await loops.drain()
        } onCancel: {
            loops.cut()
        }
    }

    private func bind(_ loops: RouterLoops) async throws -> any Channel {
        let parts = parts
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGate(limit: parts.limits.maxConnections))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client that vanished without a word is noticed some day.
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                guard let secure = parts.secure else { return loops.setUp(channel) }
                return secure(channel).flatMap { loops.setUp(channel) }
            }
            .bind(host: host, port: port)
            .get()
    }
}

/// The states of all event loops.
private struct RouterLoops: Sendable {
    private let states: [ObjectIdentifier: NIOLoopBoundBox<LoopState>]
    private let loops: [any EventLoop]

    init(_ group: MultiThreadedEventLoopGroup, _ parts: RouterParts) {
        var states: [ObjectIdentifier: NIOLoopBoundBox<LoopState>] = [:]
        var loops: [any EventLoop] = []
        for loop in group.makeIterator() {
            loops.append(loop)
            let box = NIOLoopBoundBox.makeBoxSendingValue(LoopState(parts: parts, loop: loop), eventLoop: loop)
            states[ObjectIdentifier(loop)] = box
            loop.execute { box.value.start() }
        }
        self.states = states
        self.loops = loops
    }

    func setUp(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let state = states[ObjectIdentifier(channel.eventLoop)]?.value else { return }
            try channel.pipeline.syncOperations.addHandler(ClientHandler(state: state))
        }
    }

    /// Ends every connection of a lease.
    func end(_ lease: LeaseID) { each { $0.pool.end(lease) } }

    func cut() { each { $0.cut() } }

    private func each(_ body: @escaping @Sendable (LoopState) -> Void) {
        for loop in loops {
            guard let state = states[ObjectIdentifier(loop)] else { continue }
            loop.execute { body(state.value) }
        }
    }

    /// Returns when no client is left.
    func drain() async {
        for loop in loops {
            guard let state = states[ObjectIdentifier(loop)] else { continue }
            // Its futures do not fail.
            try? await loop.flatSubmit { state.value.drain() }.get()
        }
    }
}
