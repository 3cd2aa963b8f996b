internal import BerthCore
internal import NIOCore

/// A client's connection: passes its requests to agents, one after the other, and the answers back.
///
/// Nothing is read from one side that the other does not take. It lives on one event loop, and so do the connections to agents
/// that it uses. What is to be done is said by ``Exchange``.
final class ClientHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the client is waited for, and since when.
    enum Patience {
        case none
        case head(NIODeadline)
        case idle(NIODeadline)
        /// To take what it was answered last.
        case taking(NIODeadline)
        case farewell(NIODeadline)
    }

    let state: LoopState
    var context: ChannelHandlerContext?
    var exchange = Exchange.idle
    var passage: Passage?
    var patience = Patience.none
    /// Counts the requests, so that whoever comes back late knows whether it is still waited for.
    var turn = 0
    var memory = RequestReading.Memory()
    var reader: MessageReader<RequestHead>
    let output: WireOutput
    private(set) var isWritable = true
    private var isReadWanted = false
    private var isPumping = false

    init(state: LoopState) {
        self.state = state
        reader = MessageReader(requests: state.requestLimits)
        output = WireOutput(state.turn)
    }

    /// As digits.
    private(set) lazy var clientAddress = context?.channel.remoteAddress?.ipAddress ?? "unknown"

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        output.context = context
        patience = .head(.now())
        state.add(self)
        if state.isClosing { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state.remove(self)
        output.context = nil
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch exchange {
        case .tunnel: context.fireChannelRead(data)
        // Nobody wants it, and nobody keeps it.
        case .answered, .over: break
        case .idle, .preparing, .passing:
            if case .idle = patience { patience = .head(.now()) }
            reader.append(unwrapInboundIn(data))
            pump()
        }
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadWanted = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if exchange != .tunnel {
            passage?.upstream?.setHeld(!isWritable)
            if isWritable { pump() }
        }
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
        endPassage(isTunnel: wasTunnel)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: The request

    private var mayRead: Bool {
        switch exchange.intake {
        // Whoever does not take answers asks for no more of them.
        case .head: isWritable
        case .drop: true
        case .wait: reader.isEmpty
        case .body: passage?.upstream?.isWritable ?? true
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
        do throws(WireFault) {
            while try takeNext() {}
        } catch {
            fail(error)
        }
    }

    /// - Returns: whether there was something to take.
    private func takeNext() throws(WireFault) -> Bool {
        switch exchange.intake {
        case .head:
            guard isWritable, let head = try reader.head() else { return false }
            begin(head)
        case .body:
            guard passage?.upstream?.isWritable == true, let part = try reader.part() else { return false }
            send(part)
        case .wait, .drop: return false
        }
        return true
    }

    private func send(_ part: BodyReader.Part) {
        guard let passage, let upstream = passage.upstream else { return }
        let isChunked = passage.reading?.framing == .chunked
        switch part {
        case .bytes(let bytes):
            exchange.sendBody()
            upstream.output.write(bytes, isChunk: isChunked)
        case .end(let trailers):
            exchange.sendEnd()
            if isChunked { upstream.output.writeLastChunk(trailers) }
        }
    }

    /// What came is no request, or not the rest of one.
    private func fail(_ fault: WireFault) {
        let error =
            switch fault {
            case .tooLarge:
                BerthError(.headerTooLarge, "The request's headers are over 16 KiB. Send fewer or shorter ones.")
            case .malformed: BerthError(.malformedRequest, "This is not a well-formed HTTP/1.1 request.")
            }
        if exchange == .idle { begin(error) } else { settle(exchange.endLease(), error) }
    }

    // MARK: Ends

    /// Ends the connection, and what goes on for it, at once.
    func cut() {
        exchange.close()
        output.flush()
        endPassage()
        context?.close(promise: nil)
    }

    /// Finishes what the request had begun.
    func endPassage(isTunnel: Bool = false) {
        guard let passage else { return }
        self.passage = nil
        // The other end of a tunnel is told by the tunnel, behind what was written.
        if !isTunnel { passage.upstream?.abandon() }
        if let route = passage.route { state.parts.table.finish(route.lease) }
    }

    /// Closes what has waited too long.
    func sweep(at now: NIODeadline) {
        let limits = state.parts.limits
        let isOver =
            switch patience {
            case .none: false
            case .head(let since): now - since > .seconds(limits.headSeconds)
            case .idle(let since): now - since > .seconds(limits.idleSeconds)
            case .taking(let since): now - since > .seconds(limits.takeSeconds)
            case .farewell(let since): now - since > .seconds(limits.farewellSeconds)
            }
        if isOver { cut() }
    }

    /// The daemon stops: the request under way is the last.
    func drain() {
        if exchange == .idle { cut() } else { passage?.isLast = true }
    }
}
