import BerthAPI
import BerthCore
import FoundationEssentials
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers what never becomes a request: a malformed line, headers that are too large, a request that stays half sent.
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

    private let requestIDs: RequestIDs
    private let peers: Peers?
    /// Requests that were read and not answered yet.
    private var unanswered = 0
    /// The last request's head was read and its end was not.
    private var isReading = false
    /// A response's head was written and its end was not.
    private var isResponding = false
    private var deadline: Scheduled<Void>?
    /// Whether the client has closed its side: nobody reads what is answered.
    private var isHungUp = false
    /// Whom it is told to.
    private var hangUpFollower: (@Sendable () -> Void)?

    /// - Parameter peers: learns the user of each connection; nil where there is none to learn.
    init(requestIDs: RequestIDs, peers: Peers?) {
        self.requestIDs = requestIDs
        self.peers = peers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
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
        if isBrokenRequestNext { answer(Self.problem(error), context) }
        context.close(promise: nil)
    }

    private func start(_ context: ChannelHandlerContext) {
        peers?.learn(context.channel)
        startDeadline(context)
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: Self.requestDeadline) {
            let (handler, context) = bound.value
            handler.deadline = nil
            context.close(promise: nil)
        }
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
        let head = HTTPResponse(status: .init(code: problem.status), headerFields: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
