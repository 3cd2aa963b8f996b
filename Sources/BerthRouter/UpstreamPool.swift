internal import BerthCore
internal import NIOCore
internal import NIOPosix

/// The connections to agents of one event loop. Those of a lease end with it.
final class UpstreamPool {
    /// Those of one lease.
    final class Share {
        fileprivate var open: [ObjectIdentifier: UpstreamConnection] = [:]
        /// By port; the one that was used last is at the end.
        fileprivate var idle: [Port: [UpstreamConnection]] = [:]
        fileprivate var hasEnded = false
    }

    let turn: LoopTurn
    private let loop: any EventLoop
    private let limits: RouterLimits
    private var shares: [LeaseID: Share] = [:]

    init(loop: any EventLoop, turn: LoopTurn, limits: RouterLimits) {
        self.loop = loop
        self.turn = turn
        self.limits = limits
    }

    /// A connection that is open and idle; nil where there is none.
    /// - Parameter mayRepeat: whether the request may be sent again where the agent closes the connection just now.
    func take(_ place: UpstreamPlace, mayRepeat: Bool) -> UpstreamConnection? {
        guard let share = shares[place.lease] else { return nil }
        while let connection = share.idle[place.port]?.popLast() {
            guard connection.isOpen else { continue }
            if !mayRepeat, NIODeadline.now() - connection.idleSince > .seconds(limits.freshSeconds) {
                // All others are older.
                share.idle[place.port]?.append(connection)
                return nil
            }
            return connection
        }
        return nil
    }

    /// Makes a connection.
    /// - Throws: in the future, what the kernel says; ``SelfConnection`` where nobody listens.
    func connect(_ place: UpstreamPlace) -> EventLoopFuture<UpstreamConnection>.Isolated {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let address: SocketAddress
        do {
            address = try SocketAddress(ipAddress: "127.0.0.1", port: Int(place.port.number))
        } catch {
            return loop.makeFailedFuture(error).assumeIsolated()
        }
        RouterMetrics.connectedUpstream()
        // Agents are less strangers than clients.
        let answers = WireLimits(maxHeadBytes: limits.maxHeaderBytes * 4, maxFields: limits.maxHeaderFields * 4)
        return ClientBootstrap(group: loop)
            .connectTimeout(.seconds(limits.connectSeconds))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = UpstreamConnection(place: place, pool: bound.value, limits: answers)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(to: address)
            .assumeIsolated()
            .flatMapThrowing { channel in
                // From a port to itself, where nobody listens (RFC 9293, 3.5: both sides open at once).
                guard channel.localAddress?.port != Int(place.port.number) else {
                    channel.close(promise: nil)
                    throw SelfConnection()
                }
                return try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
            }
    }

    struct SelfConnection: Error {}

    func add(_ connection: UpstreamConnection) -> Share {
        let lease = connection.place.lease
        let share = shares[lease] ?? Share()
        shares[lease] = share
        share.open[ObjectIdentifier(connection)] = connection
        return share
    }

    func remove(_ connection: UpstreamConnection, from share: Share) {
        let place = connection.place
        share.open[ObjectIdentifier(connection)] = nil
        share.idle[place.port]?.removeAll { $0 === connection }
        if share.open.isEmpty, shares[place.lease] === share { shares[place.lease] = nil }
    }

    /// Keeps a connection for the next request, where there is room and its lease lives.
    func keep(_ connection: UpstreamConnection, in share: Share) {
        let port = connection.place.port
        guard connection.isOpen, !share.hasEnded, share.idle[port]?.count ?? 0 < limits.maxKept else {
            return connection.close()
        }
        connection.idleSince = .now()
        share.idle[port, default: []].append(connection)
    }

    /// Ends every connection of a lease.
    func end(_ lease: LeaseID) {
        guard let share = shares.removeValue(forKey: lease) else { return }
        share.hasEnded = true
        for connection in share.open.values { connection.close() }
    }

    /// Ends those that were idle for too long.
    func sweep(at now: NIODeadline) {
        for connection in shares.values.flatMap({ $0.idle.values.joined() })
        where now - connection.idleSince > .seconds(limits.keepSeconds) {
            connection.close()
        }
    }

    /// Ends everything.
    func close() { for lease in Array(shares.keys) { end(lease) } }
}
