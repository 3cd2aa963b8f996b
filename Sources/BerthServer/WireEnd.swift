import NIOCore

/// Stands between the socket, or what is encrypted, and HTTP: shuts what comes in, and knows when what went out is gone.
final class WireEnd: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private var isShut = false

    /// Lets nothing through to the parser any more.
    ///
    /// Behind a request to change the protocol the parser reads no further, but keeps all that comes, and without this a
    /// client could fill the daemon's memory.
    func shutInput() { isShut = true }

    /// Tells when the kernel has taken all that was written so far.
    /// - Parameter context: this handler's own.
    func drain(_ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isShut { context.fireChannelRead(data) }
    }
}
