internal import NIOCore

/// One end of a tunnel: what is read on it is written at the other end, no faster than that takes it.
///
/// Each direction ends by itself (RFC 9112, 9.8 knows nothing of it, but WebSocket's TCP does): the end of what one side sends
/// is passed on, and the tunnel is over when both have ended.
final class TunnelHalf: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private weak var partner: TunnelHalf?
    private var context: ChannelHandlerContext?
    private var isReadWanted = false

    /// The two ends of a tunnel on one event loop.
    static func pair() -> (TunnelHalf, TunnelHalf) {
        let (one, other) = (TunnelHalf(), TunnelHalf())
        one.partner = other
        other.partner = one
        return (one, other)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { partner?.write(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        partner?.finish()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { partner?.endOutput() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resume() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable ?? true { context.read() } else { isReadWanted = true }
    }

    /// Sends what was written here.
    func flush() { context?.flush() }

    private func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
    }

    private func resume() {
        guard isReadWanted, let context else { return }
        isReadWanted = false
        context.read()
    }

    private func endOutput() { close(.output) }

    /// Nobody is there any more to hear or to say something: what was said goes out, then it is over.
    private func finish() { close(.all) }

    /// Closes behind what was written: where the other side has ended already, closing would throw that away.
    private func close(_ mode: CloseMode) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
            self.context?.close(mode: mode).assumeIsolated().whenFailure { _ in self.context?.close(promise: nil) }
        }
    }
}
