internal import NIOCore

/// Stands in front of the parser: notices the first byte of a request, and once shut lets nothing through any more.
///
/// A parser that reads no further keeps all that comes, and a client could fill the daemon's memory.
final class InputGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var isShut = false
    /// Called with each arrival.
    var onArrival: (() -> Void)?

    func shut() { isShut = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isShut else { return }
        onArrival?()
        context.fireChannelRead(data)
    }
}
