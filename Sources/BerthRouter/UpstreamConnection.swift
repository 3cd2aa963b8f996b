internal import BerthCore
internal import NIOCore
internal import NIOHTTP1

/// The router's end of a connection to an agent. It belongs to one lease for good, and lives on one event loop.
final class UpstreamConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    let place: UpstreamPlace
    private let pool: UpstreamPool
    private let encoder: HTTPRequestEncoder
    private let decoder: ByteToMessageHandler<HTTPResponseDecoder>
    /// It and this one know each other for the time of a request. Not weak, which would make each retain of it a slow one.
    private var user: ClientHandler?
    /// `Host` of the requests.
    let authority: String
    private var context: ChannelHandlerContext?
    /// The user takes no more for now.
    private var isHeld = false
    private var isReadWanted = false
    private var isTunnel = false
    /// Whether it carried a request before.
    private(set) var wasUsed = false
    /// When it was last given back.
    var idleSince = NIODeadline.uptimeNanoseconds(0)

    init(
        place: UpstreamPlace, pool: UpstreamPool, encoder: HTTPRequestEncoder,
        decoder: ByteToMessageHandler<HTTPResponseDecoder>
    ) {
        self.place = place
        authority = "127.0.0.1:\(place.port)"
        self.pool = pool
        self.encoder = encoder
        self.decoder = decoder
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var isOpen: Bool { context?.channel.isActive ?? false }

    /// Gives it to somebody for one request.
    func take(_ user: ClientHandler) { self.user = user }

    /// Takes it back: whole answers on kept connections only.
    func giveBack() {
        user = nil
        wasUsed = true
        setHeld(false)
        pool.keep(self)
    }

    func write(_ part: HTTPClientRequestPart) {
        guard let context else { return }
        context.write(wrapOutboundOut(part), promise: nil)
    }

    func flush() { context?.flush() }

    /// Ends it at once. Its user hears no more.
    func abandon() {
        user = nil
        close()
    }

    /// Ends it at once, and tells the user.
    func close() { context?.close(promise: nil) }

    /// Whether the agent is to wait with the rest of its answer.
    func setHeld(_ isHeld: Bool) {
        self.isHeld = isHeld
        guard !isHeld, isReadWanted, let context else { return }
        isReadWanted = false
        context.read()
    }

    /// From here on its bytes are passed through to what stands behind it.
    /// - Returns: its channel.
    func beginTunnel() -> (any Channel)? {
        guard let context else { return nil }
        isTunnel = true
        setHeld(false)
        return context.channel
    }

    /// Takes HTTP off it.
    /// - Parameter body: called when the bytes that came ahead went to what stands behind.
    func endHTTP(_ body: @escaping () -> Void) {
        guard let context else { return }
        context.pipeline.syncOperations.removeHandler(encoder, promise: nil)
        context.pipeline.syncOperations.removeHandler(decoder).assumeIsolated().whenComplete { _ in body() }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        pool.add(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isTunnel {
            context.fireChannelRead(data)
        } else if let user {
            user.upstreamRead(unwrapInboundIn(data))
        } else {
            // Nobody asked.
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        user?.upstreamReadComplete()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !isTunnel { user?.upstreamWritabilityChanged() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Behind the parser, which has made of it what it could. An agent that says no more hears no more.
        if event as? ChannelEvent == .inputClosed, !isTunnel { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        pool.remove(self)
        user?.upstreamClosed()
        user = nil
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        if isHeld { isReadWanted = true } else { context.read() }
    }
}

/// Where a connection leads: a port, and only for as long as one lease has it.
struct UpstreamPlace: Hashable {
    let lease: LeaseID
    let port: Port
}
