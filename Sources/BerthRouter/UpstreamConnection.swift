internal import BerthCore
internal import NIOCore

/// The router's end of a connection to an agent. It belongs to one lease for good, and lives on one event loop.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let place: UpstreamPlace
    private let pool: UpstreamPool
    /// From when it is connected to its end.
    private var share: UpstreamPool.Share?
    private var reader: MessageReader<ResponseHead>
    let output: WireOutput
    /// Whether the body of an answer is being read, and not its head.
    private var isInBody = false
    /// The request was HEAD: its answer has no body.
    private var isHead = false
    /// It and this one know each other for the time of a request. Not weak, which would make each retain of it a slow one.
    private var user: ClientHandler?
    /// `Host` of the requests.
    let authority: String
    private var context: ChannelHandlerContext?
    /// The user takes no more for now.
    private var isHeld = false
    private var isReadWanted = false
    private var isTunnel = false
    /// As the channel last said; asking it each time costs more.
    private(set) var isWritable = true
    private(set) var isOpen = true
    /// Whether it carried a request before.
    private(set) var wasUsed = false
    /// When it was last given back.
    var idleSince = NIODeadline.uptimeNanoseconds(0)

    init(place: UpstreamPlace, pool: UpstreamPool, limits: WireLimits) {
        self.place = place
        authority = "127.0.0.1:\(place.port)"
        self.pool = pool
        reader = MessageReader(answers: limits)
        output = WireOutput(pool.turn)
    }

    /// Gives it to somebody for one request.
    func take(_ user: ClientHandler, isHead: Bool) {
        self.user = user
        self.isHead = isHead
    }

    /// Takes it back: whole answers on kept connections only.
    func giveBack() {
        user = nil
        wasUsed = true
        // An answer that nobody asked for would be the next one's.
        guard reader.isEmpty else { return close() }
        setHeld(false)
        if let share { pool.keep(self, in: share) }
    }

    /// Ends it at once. Its user hears no more.
    func abandon() {
        user = nil
        close()
    }

    /// Ends it at once, and tells the user.
    func close() {
        isOpen = false
        context?.close(promise: nil)
    }

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

    /// Hands on what came behind the head that began a tunnel.
    func passRest() {
        guard let context, let rest = reader.rest() else { return }
        context.fireChannelRead(NIOAny(rest))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        output.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        output.context = nil
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        share = pool.add(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isTunnel { return context.fireChannelRead(data) }
        // Without a user nobody asked.
        guard let user else { return context.close(promise: nil) }
        user.upstreamHeard()
        reader.append(unwrapInboundIn(data))
        do throws(WireFault) {
            while try takeNext() {}
        } catch {
            context.close(promise: nil)
        }
    }

    /// - Returns: whether there was something to take, for somebody.
    private func takeNext() throws(WireFault) -> Bool {
        guard let user, !isTunnel else { return false }
        if isInBody {
            guard let part = try reader.part() else { return false }
            if case .end = part { isInBody = false }
            user.upstreamRead(part)
        } else {
            guard let head = try reader.head() else { return false }
            let framing = try BodyFraming(of: head, toHead: isHead)
            // A head of status 1xx has no body, and another head behind it.
            isInBody = head.status >= 200
            if isInBody { reader.begin(framing) }
            user.upstreamRead(head, framing)
        }
        return true
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if !isTunnel { user?.upstreamWritabilityChanged() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed, !isTunnel {
            if isInBody, reader.finish() {
                isInBody = false
                user?.upstreamRead(.end(nil))
            }
            // An agent that says no more hears no more.
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        if let share { pool.remove(self, from: share) }
        share = nil
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
