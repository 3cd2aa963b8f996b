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

    /// How long a client may go on sending behind the last answer.
    static let farewell = TimeAmount.seconds(2)

    private let requestIDs: RequestIDs
    private let peers: Peers?
    private let connections: ConnectionCount?
    private var conversation = Conversation()
    /// What to say of that which was no request, once it is its turn.
    private var fault: BerthError?
    private var deadline: Scheduled<Void>?
    /// Runs while more waits to be sent than the connection takes.
    private var stall: Scheduled<Void>?
    /// Whether the connection ends once the client has taken what it was answered.
    private var isDraining = false
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

    /// Whether all of the request that a connection answers now was read; no where it has been taken down.
    static func hasWholeRequest(_ channel: any Channel) async -> Bool {
        do {
            return try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self).conversation.hasWholeRequest
            }.get()
        } catch {
            return false
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard conversation.takesMore else { return }
        switch unwrapInboundIn(data) {
        case .head(let request):
            conversation.readHead(isLast: request.isLastOfConnection)
            if deadline == nil { startDeadline(context) }
        case .body: break
        case .end:
            deadline?.cancel()
            deadline = nil
            if conversation.readEnd() { shutInput(context) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if conversation.isOver {
            // The answer to a request that was refused meanwhile.
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var response):
            if conversation.writeHead() { response.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(response)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let step = conversation.writeEnd()
            let written = step == .goOn ? promise : promise ?? context.eventLoop.makePromise()
            context.write(data, promise: written)
            take(step, after: written?.futureResult, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whoever does not speak TLS is told nothing, and what was not decrypted is no request.
        guard !Self.isTLS(error) else { return context.close(promise: nil) }
        guard conversation.takesMore else { return }
        fault = Self.problem(error)
        deadline?.cancel()
        deadline = nil
        shutInput(context)
        take(conversation.fail(), after: nil, context)
    }

    /// - Parameter written: when the last answer is on its way; nil where none is.
    private func take(
        _ step: Conversation.Step, after written: EventLoopFuture<Void>?, _ context: ChannelHandlerContext
    ) {
        switch step {
        case .goOn: break
        case .refuse: leave(after: fault.map { answer($0, context) } ?? written, context)
        case .close:
            context.flush()
            leave(after: written, context)
        }
    }

    /// Lets nothing of what still comes reach the parser. The client's end of the connection is noticed all the same.
    private func shutInput(_ context: ChannelHandlerContext) {
        // A connection that is being taken down has none any more, and reads nothing.
        if let wire = try? context.pipeline.syncOperations.handler(type: WireEnd.self) { wire.shutInput() }
    }

    /// Ends the connection behind what was written, and waits for the client to do so too: where more is to be read, closing
    /// at once would make the kernel throw away what the client has not taken yet (RFC 9112, 9.6).
    private func leave(after written: EventLoopFuture<Void>?, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let written = written ?? context.eventLoop.makeSucceededVoidFuture()
        written.flatMap { bound.value.context.close(mode: .output) }.whenComplete { result in
            let (handler, context) = bound.value
            guard case .success = result else { return context.close(promise: nil) }
            handler.cancelDeadlines()
            handler.deadline = context.eventLoop.scheduleTask(in: Self.farewell) {
                bound.value.context.close(promise: nil)
            }
        }
    }

    /// Lets the client take what it was answered first: the server closes as soon as it has handed on an answer's end, and what
    /// the connection has not sent by then would be lost.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input, !isDraining, Self.hasUnsent(context.channel),
            let wire = try? context.pipeline.syncOperations.context(handlerType: WireEnd.self),
            let drained = (wire.handler as? WireEnd)?.drain(wire)
        else { return context.close(mode: mode, promise: promise) }
        isDraining = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline?.cancel()
        deadline = context.eventLoop.scheduleTask(in: Self.takingDeadline) { bound.value.close(promise: nil) }
        drained.whenComplete { _ in bound.value.close(mode: mode, promise: promise) }
    }

    private static func hasUnsent(_ channel: any Channel) -> Bool {
        // A channel that has been taken down sends nothing more.
        let unsent = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        return channel.isActive && (unsent ?? 0) > 0
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

    /// - Returns: when it is on its way.
    @discardableResult
    private func answer(_ error: BerthError, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
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
        return context.writeAndFlush(wrapOutboundOut(.end(nil)))
    }
}

extension HTTPRequest {
    /// Whether the connection ends with the answer: the client says so, or no parser would agree with every other one on
    /// where the next request begins.
    ///
    /// Behind a request for another protocol ours stops reading, and an upgrade is not what we do.
    fileprivate var isLastOfConnection: Bool {
        if method == .connect || headerFields[.upgrade] != nil { return true }
        let coding = headerFields[.transferEncoding]?.lowercased()
        if coding != nil, coding != "chunked" || headerFields[.contentLength] != nil { return true }
        return headerFields[.connection]?.lowercased().split(separator: ",").contains { token in
            token.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" } == "close"
        } ?? false
    }
}
