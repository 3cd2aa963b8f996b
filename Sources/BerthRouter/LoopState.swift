internal import BerthCore
internal import NIOCore

/// What the router has on one event loop: its clients, and the connections to agents that they share.
final class LoopState {
    let parts: RouterParts
    let pool: UpstreamPool
    let turn: LoopTurn
    let requestLimits: WireLimits
    private let loop: any EventLoop
    private var clients: [ObjectIdentifier: ClientHandler] = [:]
    private var sweeping: RepeatedTask?
    /// Fulfilled when the last client is gone, once it is waited for.
    private var gone: EventLoopPromise<Void>?
    private(set) var isClosing = false

    init(parts: RouterParts, loop: any EventLoop) {
        self.parts = parts
        self.loop = loop
        requestLimits = WireLimits(maxHeadBytes: parts.limits.maxHeaderBytes, maxFields: parts.limits.maxHeaderFields)
        turn = LoopTurn(loop)
        pool = UpstreamPool(loop: loop, turn: turn, limits: parts.limits)
    }

    /// Looks for what has waited too long, once a second.
    func start() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        sweeping = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            let now = NIODeadline.now()
            for client in bound.value.clients.values { client.sweep(at: now) }
            bound.value.pool.sweep(at: now)
        }
    }

    func add(_ client: ClientHandler) { clients[ObjectIdentifier(client)] = client }

    func remove(_ client: ClientHandler) {
        clients[ObjectIdentifier(client)] = nil
        if clients.isEmpty { gone?.succeed() }
    }

    /// Lets requests under way come to their end, and takes no new ones.
    /// - Returns: when the last client is gone; those that stay too long are cut.
    func drain() -> EventLoopFuture<Void> {
        isClosing = true
        sweeping?.cancel()
        let promise = loop.makePromise(of: Void.self)
        gone = promise
        let bound = NIOLoopBound(self, eventLoop: loop)
        let end = loop.scheduleTask(in: .seconds(parts.limits.drainSeconds)) { bound.value.cut() }
        for client in clients.values { client.drain() }
        if clients.isEmpty { promise.succeed() }
        return promise.futureResult.always { _ in
            end.cancel()
            bound.value.gone = nil
            bound.value.pool.close()
        }
    }

    /// Ends every connection now.
    func cut() { for client in clients.values { client.cut() } }
}
