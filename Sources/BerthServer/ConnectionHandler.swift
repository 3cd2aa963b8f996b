import BerthAPI
import BerthCore
import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOSSL

/// Answers what never becomes a request: a malformed line, headers that are too large, a request that stays half sent, a
/// connection that is one too many.
///
/// The HTTP parser fails before any router sees the request, so the problem is written here. One handler belongs to
/// one connection and lives on its event loop.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a client may take from the first byte of a request, or from the connection's start, to its last.
    static let requestDeadline = TimeAmount.seconds(15)

    /// How long a client may leave an answer where it is. Readers of events are let go sooner, with a word.
    static let takingDeadline = TimeAmount.minutes(2)

    private let requestIDs: RequestIDs
    private let peers: Peers?
    private let connections: ConnectionCount?
    /// Requests that were read and not answered yet.
    private var unanswered = 0
    /// The last request's head was read and its end was not.
    private var isReading = false
    /// A response's head was written and its end was not.
    private var isResponding = false
    private var deadline: Scheduled<Void>?
    /// Runs while more waits to be sent than the connection takes.
    private var stall: Scheduled<Void>?
    /// Whether the client has closed its side: nobody reads what is answered.
    private var isHungUp = false
    /// Whom it is told to.
    private var hangUpFollower: (@Sendable () -> Void)?

    /// - Parameters:
    ///   - peers: learns the user of each connection; nil where there is none to learn.
    ///   - connections: counts a user's connections from their first moment on; nil where nobody counts.
    init(requestIDs: RequestIDs, peers: Peers?, connections: ConnectionCount?) {
        self.requestIDs = requestIDs
        self.peers = peers
        self.connections = connections
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelDeadlines() }

    func channelInactive(context: ChannelHandlerContext) {
        cancelDeadlines()
        hangUp()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that only half closes is taken for gone, as most servers do: it has no way to say that it waits.
        if event as? ChannelEvent == .inputClosed { hangUp() }
        context.fireUserInboundEventTriggered(event)
    }

    private func hangUp() {
        isHungUp = true
        hangUpFollower?()
        hangUpFollower = nil
    }

    /// Calls `body` when the client hangs up, at once when it has; nil to call nobody any more.
    func followHangUp(_ body: (@Sendable () -> Void)?) {
        hangUpFollower = isHungUp ? nil : body
        if isHungUp { body?() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isReading = true
            if deadline == nil { startDeadline(context) }
        case .body: break
        case .end:
            isReading = false
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: isResponding = true
        case .body: break
        case .end:
            isResponding = false
            unanswered -= 1
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Answers to requests before this one must come first, and nobody can say any more which bytes belong to what.
        let isBrokenRequestNext = unanswered == (isReading ? 1 : 0) && !isResponding
        if isBrokenRequestNext, !Self.isTLS(error) { answer(Self.problem(error), context) }
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stall?.cancel()
            stall = nil
        } else if stall == nil {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            stall = context.eventLoop.scheduleTask(in: Self.takingDeadline) { bound.value.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    private func cancelDeadlines() {
        deadline?.cancel()
        stall?.cancel()
    }

    private func start(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        peers?.learn(context.channel) { user in bound.value.handler.admit(.user(user), bound.value.context) }
        startDeadline(context)
    }

    /// Refuses a connection that is one too many for its user, before it costs more than itself.
    private func admit(_ principal: Principal, _ context: ChannelHandlerContext) {
        guard let connections, !connections.admit(context.channel, as: principal) else { return }
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        // Not while the channel is still being told that it is active.
        context.eventLoop.execute {
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.answer(connections.refusal(principal), context)
            context.close(promise: nil)
        }
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: Self.requestDeadline) {
            let (handler, context) = bound.value
            handler.deadline = nil
            context.close(promise: nil)
        }
    }

    /// A client that fails at TLS, or that hangs up without its goodbye, can read no answer.
    private static func isTLS(_ error: any Error) -> Bool {
        error is NIOSSLError || error is BoringSSLError || error is NIOSSLCloseTimedOutError
    }

    private static func problem(_ error: any Error) -> BerthError {
        switch error as? HTTPParserError {
        case .headerOverflow:
            BerthError(.headerTooLarge, "The request's headers are over 16 KiB. Send fewer or shorter ones.")
        default:
            BerthError(.malformedRequest, "This is not a well-formed HTTP/1.1 request.")
        }
    }

    private func answer(_ error: BerthError, _ context: ChannelHandlerContext) {
        let problem = Problem(error, requestID: requestIDs.next())
        let body = (try? JSON.encoder.encode(problem)) ?? Data()
        var fields: HTTPFields = [
            .contentType: Problem.mediaType, .contentLength: String(body.count), .connection: "close",
        ]
        fields[.xRequestID] = problem.requestID
        if error.code == .tooManyRequests { fields[.retryAfter] = "5" }
        let head = HTTPResponse(status: .init(code: problem.status), headerFields: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
