import NIOCore

/// Stands in front of the HTTP parser, and once it is shut lets nothing through any more.
///
/// Behind a request to change the protocol the parser reads no further, but keeps all that comes, and without this a client
/// could fill the daemon's memory.
final class InputValve: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var isShut = false

    func shut() { isShut = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isShut { context.fireChannelRead(data) }
    }
}
