internal import NIOCore

/// On a listener: accepts no further connection while there are enough; those wait in the kernel's backlog.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let limit: Int
    private var count = 0
    private var isReadWanted = false

    init(limit: Int) { self.limit = limit }

    func read(context: ChannelHandlerContext) {
        if count < limit { context.read() } else { isReadWanted = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += 1
        RouterMetrics.connected(count)
        let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        unwrapInboundIn(data).closeFuture.hop(to: context.eventLoop).whenComplete { _ in
            let (gate, context) = bound.value
            gate.leave(context)
        }
        context.fireChannelRead(data)
    }

    private func leave(_ context: ChannelHandlerContext) {
        count -= 1
        RouterMetrics.connected(count)
        guard isReadWanted, count < limit else { return }
        isReadWanted = false
        context.read()
    }
}
