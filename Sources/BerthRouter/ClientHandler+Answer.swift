internal import BerthCore
internal import NIOCore
internal import NIOHTTP1

/// From an agent's answer to the client.
extension ClientHandler {
    /// - Parameter framing: of the body that follows.
    func upstreamRead(_ head: ResponseHead, _ framing: BodyFraming) {
        guard let passage, let reading = passage.reading else { return }
        switch head.status {
        case 101:
            guard let wish = reading.upgrade else { return loseUpstream() }
            exchange.hear(isFinal: true)
            let name = head.fields[.upgrade].first ?? wish
            let fields = AnswerFields(
                requestID: passage.requestID, framing: .none, persistence: .upgrade(name), keepsLength: false)
            output.write(fields.head(head))
            note(head.status)
            output.flush()
            // The client may be found to be gone.
            if self.passage === passage { tunnel() }
        case 100..<200:
            exchange.hear(isFinal: false)
            if passage.head.isCurrent { output.write(AnswerFields.interim(head)) }
        default:
            let isHeld = passage.wantsHeld && passage.head.method != .head
            // Of one that is read whole the client has nothing yet.
            exchange.hear(isFinal: !isHeld)
            passage.keepsUpstream = head.isKeepAlive && framing != .close
            passage.answerFraming = framing.passed(toCurrent: passage.head.isCurrent)
            if isHeld {
                passage.held = WholeAnswer(head)
            } else {
                pass(head)
            }
        }
    }

    func upstreamRead(_ part: BodyReader.Part) {
        switch part {
        case .bytes(let bytes): readBody(bytes)
        case .end(let trailers): readEnd(trailers)
        }
    }

    /// Something of an answer has come, be it what it may: the agent has the request.
    func upstreamHeard() { exchange.hear(isFinal: false) }

    func upstreamWritabilityChanged() { pump() }

    /// It is gone, or what came is no HTTP.
    func upstreamClosed() {
        guard let passage, let upstream = passage.upstream else { return }
        passage.upstream = nil
        let hasEnded = !state.parts.table.isLive(upstream.place.lease)
        if exchange == .tunnel, !hasEnded {
            // The tunnel brings what was said to its end; not for ever.
            patience = .taking(.now())
        } else if hasEnded {
            RouterMetrics.ended()
            settle(
                exchange.endLease(), Self.unreachable(passage.route?.agent, "the lease of its port has ended"))
        } else {
            settle(exchange.lose(), Self.unreachable(passage.route?.agent, "it hung up, or what it said is no HTTP"))
        }
    }

    /// Does what is left to do for an answer that won't come to its end.
    func settle(_ loss: Exchange.Loss, _ error: BerthError) {
        switch loss {
        case .repeatIt:
            RouterMetrics.repeated()
            connect(isNew: true)
        case .refuse: refuse(error)
        case .cut: cut()
        case .nothing: break
        }
        pump()
    }

    /// Writes an agent's head to the client.
    private func pass(_ head: ResponseHead) {
        guard let passage else { return }
        if passage.answerFraming == .close { passage.isLast = true }
        // The answer to HEAD cannot know what the length and the tag of one that is read whole would become.
        let isHeldHead = passage.wantsHeld
        let fields = AnswerFields(
            requestID: passage.requestID, framing: passage.answerFraming, persistence: persistence,
            keepsLength: passage.answerFraming == .none && head.status != 204 && !isHeldHead)
        output.write(fields.head(head, without: isHeldHead ? "etag" : nil))
        note(head.status)
    }

    private func readBody(_ bytes: ByteBuffer) {
        guard let passage else { return }
        guard passage.held != nil else {
            return output.write(bytes, isChunk: passage.answerFraming == .chunked)
        }
        passage.held?.body.writeImmutableBuffer(bytes)
        guard let held = passage.held, held.body.readableBytes > state.parts.limits.maxHeldBytes else { return }
        // Too long to be looked at as a whole.
        passage.held = nil
        exchange.hear(isFinal: true)
        if passage.answerFraming == .close { passage.isLast = true }
        let fields = AnswerFields(
            requestID: passage.requestID, framing: passage.answerFraming, persistence: persistence, keepsLength: false)
        output.write(fields.head(held.status, held.headers))
        note(Int(held.status.code))
        output.write(held.body, isChunk: passage.answerFraming == .chunked)
    }

    private func readEnd(_ trailers: FieldSection?) {
        guard let passage else { return }
        if let held = passage.held {
            write(held)
        } else if passage.answerFraming == .chunked {
            output.writeLastChunk(trailers)
        }
        let upstream = passage.upstream
        passage.upstream = nil
        switch exchange.end() {
        case .goOn:
            if passage.keepsUpstream { upstream?.giveBack() } else { upstream?.abandon() }
            finish()
        case .leave:
            upstream?.abandon()
            endPassage()
            leave()
        }
        pump()
    }

    private func write(_ held: WholeAnswer) {
        guard let passage, let reading = passage.reading, let target = passage.target, let route = passage.route else {
            return
        }
        var answer = held
        if let transform = state.parts.transform {
            let place = PublicPlace(scheme: state.parts.scheme, authority: reading.host.text, prefix: target.prefix)
            answer = transform.transform(answer, of: route, path: passage.path, at: place)
        }
        if answer.isKnown(to: passage.head.fields) {
            answer.status = .notModified
            answer.body.clear()
        }
        let isEmpty = answer.status == .notModified || answer.status == .noContent
        let fields = AnswerFields(
            requestID: passage.requestID, framing: isEmpty ? .none : .length(answer.body.readableBytes),
            persistence: persistence, keepsLength: false)
        output.write(fields.head(answer.status, answer.headers))
        if !isEmpty { output.write(answer.body) }
        note(Int(answer.status.code))
    }

    /// What is said of the connection behind this answer.
    var persistence: AnswerFields.Persistence {
        guard let passage, !passage.isLast, !state.isClosing else { return .close }
        return passage.head.isCurrent ? .keep : .keepOld
    }

    func note(_ status: Int) {
        RouterMetrics.answered(status)
        if let passage { RouterMetrics.took((NIODeadline.now() - passage.startedAt).nanoseconds) }
    }

    private func loseUpstream() {
        passage?.upstream?.abandon()
        passage?.upstream = nil
        settle(
            exchange.lose(), Self.unreachable(passage?.route?.agent, "it changed to a protocol that nobody asked for"))
    }

    /// Both connections become one stream of bytes each way.
    private func tunnel() {
        guard let context, let upstream = passage?.upstream, let channel = upstream.beginTunnel() else { return cut() }
        RouterMetrics.tunnelled()
        exchange.upgrade()
        patience = .none
        let (near, far) = TunnelHalf.pair()
        do {
            try context.pipeline.syncOperations.addHandler(near)
            try channel.pipeline.syncOperations.addHandler(far)
        } catch {
            return cut()
        }
        // What each side has said ahead.
        if let rest = reader.rest() { context.fireChannelRead(NIOAny(rest)) }
        upstream.passRest()
        far.flush()
        near.flush()
        pump()
    }
}

extension WholeAnswer {
    /// Without its body.
    fileprivate init(_ head: ResponseHead) {
        var headers = HTTPHeaders()
        for field in head.fields.fields where !head.connection.names(field, of: head.fields) {
            switch field.kind {
            case .hopByHop, .connection, .te, .transferEncoding, .upgrade, .contentLength: break
            default: headers.add(name: head.fields.string(field.name), value: head.fields.string(field.value))
            }
        }
        let status = HTTPResponseStatus(statusCode: head.status, reasonPhrase: head.fields.string(head.reason))
        self.init(status: status, headers: headers, body: ByteBuffer())
    }

    /// Whether the client has it already (RFC 9110, 13.1.2).
    fileprivate func isKnown(to request: FieldSection) -> Bool {
        guard status == .ok, let tag = headers.first(name: "etag") else { return false }
        return EntityTag(field: tag).isNamed(by: request["if-none-match"])
    }
}
