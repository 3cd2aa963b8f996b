import NIOCore
import NIOHTTP1

/// Makes clients of HTTP/1.0 say what they mean: that the connection ends with the answer, unless they ask for it to be kept.
///
/// Behind the parser nobody knows a request's version any more. Whoever speaks 1.0 knows no chunks, so that a body in them
/// may end anywhere for those in between (RFC 9112, 6.1).
final class OldVersionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), head.version == .http1_0,
            !head.isKeepAlive || head.headers.contains(name: "Transfer-Encoding")
        else {
            context.fireChannelRead(data)
            return
        }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
