internal import BerthCore
internal import NIOCore
internal import NIOHTTP1

/// A client's connection: passes its requests to agents, one after the other, and the answers back.
///
/// Nothing is read from one side that the other does not take. It lives on one event loop, and so do the connections to agents
/// that it uses. What is to be done is said by ``Exchange``.
final class ClientHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What the client is waited for, and since when.
    enum Patience {
        case none
        case head(NIODeadline)
        case idle(NIODeadline)
        case farewell(NIODeadline)
    }

    let state: LoopState
    let gate: InputGate
    private let encoder: HTTPResponseEncoder
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    var context: ChannelHandlerContext?
    var exchange = Exchange.idle
    var passage: Passage?
    var patience = Patience.none
    /// Counts the requests, so that whoever comes back late knows whether it is still waited for.
    var turn = 0
    /// What came and was not looked at: the rest of one reading at most.
    private var inbox = CircularBuffer<HTTPServerRequestPart>()
    private var isReadWanted = false
    private var isPumping = false
    /// What came behind the requests and is none.
    private var fault: BerthError?

    init(
        state: LoopState, gate: InputGate, encoder: HTTPResponseEncoder,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>
    ) {
        self.state = state
        self.gate = gate
        self.encoder = encoder
        self.decoder = decoder
    }

    var parts: RouterParts { state.parts }

    /// The last request's: most clients stay with one name.
    private var lastHost: RequestHost?

    /// What the value of a `Host` means here.
    func host(_ text: String) -> RequestHost {
        if let lastHost, lastHost.text == text { return lastHost }
        let host = RequestHost(
            text, client: clientAddress, scheme: parts.scheme, at: context?.channel.localAddress,
            isOwnHost: parts.isOwnHost)
        lastHost = host
        return host
    }

    /// As digits.
    private(set) lazy var clientAddress = context?.channel.remoteAddress?.ipAddress ?? "unknown"

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        patience = .head(.now())
        state.add(self)
        // Taken back when the handler is removed. A weak reference would make each retain of the handler a slow one.
        gate.onArrival = { self.arrive() }
        if state.isClosing { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gate.onArrival = nil
        state.remove(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != .tunnel else { return context.fireChannelRead(data) }
        inbox.append(unwrapInboundIn(data))
        pump()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passage?.upstream?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadWanted = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if exchange != .tunnel { passage?.upstream?.setHeld(!context.channel.isWritable) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that only half closes is taken for gone, as by the API: it has no way to say that it waits.
        if event as? ChannelEvent == .inputClosed, exchange != .tunnel { cut() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasTunnel = exchange == .tunnel
        exchange.close()
        inbox.removeAll()
        endPassage(isTunnel: wasTunnel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        gate.shut()
        fault =
            error == .headerOverflow
            ? BerthError(.headerTooLarge, "The request's headers are over 16 KiB. Send fewer or shorter ones.")
            : BerthError(.malformedRequest, "This is not a well-formed HTTP/1.1 request.")
        switch exchange {
        case .idle: advance()
        // It is this request that is broken, or one behind it that nobody will read.
        case .preparing, .passing(.head, _, _), .passing(.body, _, _):
            if let fault { settle(exchange.endLease(), fault) }
        case .passing(.whole, _, _), .answered, .tunnel, .over: break
        }
    }

    // MARK: The request

    private func arrive() { if case .idle = patience { patience = .head(.now()) } }

    private var mayRead: Bool {
        switch exchange {
        case .tunnel: true
        case .idle, .preparing, .answered, .over: inbox.isEmpty
        case .passing(.whole, _, _): inbox.isEmpty
        case .passing: inbox.isEmpty && passage?.upstream?.isWritable ?? true
        }
    }

    /// Takes what has come as far as it is its turn.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer {
            isPumping = false
            if isReadWanted, mayRead, let context {
                isReadWanted = false
                context.read()
            }
        }
        while let part = inbox.first {
            let isHead = if case .head = part { true } else { false }
            switch exchange.intake(isHead: isHead) {
            case .wait: return
            case .drop: inbox.removeFirst()
            case .begin:
                inbox.removeFirst()
                if case .head(let head) = part { begin(head) }
            case .send:
                let isEnd = if case .end = part { true } else { false }
                guard isEnd || passage?.upstream?.isWritable == true else { return }
                inbox.removeFirst()
                send(part)
            }
        }
        if exchange == .idle, let fault {
            self.fault = nil
            begin(fault)
        }
    }

    /// The same, for whoever is not reading from the client just now.
    func advance() {
        pump()
        passage?.upstream?.flush()
    }

    private func send(_ part: HTTPServerRequestPart) {
        guard let upstream = passage?.upstream else { return }
        switch part {
        case .head: break
        case .body(let bytes):
            exchange.sendBody()
            upstream.write(.body(.byteBuffer(bytes)))
        case .end(let trailers):
            exchange.sendEnd()
            passage?.isSent = true
            upstream.write(.end(RequestFields.trailers(trailers)))
        }
    }

    // MARK: Ends

    /// Ends the connection, and what goes on for it, at once.
    func cut() {
        exchange.close()
        endPassage()
        context?.close(promise: nil)
    }

    /// Finishes what the request had begun.
    func endPassage(isTunnel: Bool = false) {
        guard let passage else { return }
        self.passage = nil
        // The other end of a tunnel is told by the tunnel, behind what was written.
        if !isTunnel { passage.upstream?.abandon() }
        if let route = passage.route { parts.table.finish(route.lease) }
    }

    /// Takes HTTP off the connection.
    /// - Parameter body: called when the bytes that came ahead went to what stands behind.
    func endHTTP(_ body: @escaping () -> Void) {
        guard let context else { return }
        context.pipeline.syncOperations.removeHandler(encoder, promise: nil)
        context.pipeline.syncOperations.removeHandler(decoder).assumeIsolated().whenComplete { _ in body() }
    }

    /// Closes what has waited too long.
    func sweep(at now: NIODeadline) {
        let limits = parts.limits
        let isOver =
            switch patience {
            case .none: false
            case .head(let since): now - since > .seconds(limits.headSeconds)
            case .idle(let since): now - since > .seconds(limits.idleSeconds)
            case .farewell(let since): now - since > .seconds(limits.farewellSeconds)
            }
        if isOver { cut() }
    }

    /// The daemon stops: the request under way is the last.
    func drain() {
        if exchange == .idle { cut() } else { passage?.isLast = true }
    }
}
