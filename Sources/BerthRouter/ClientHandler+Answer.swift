internal import BerthCore
internal import NIOCore
internal import NIOHTTP1

/// From an agent's answer to the client.
extension ClientHandler {
    func upstreamRead(_ part: HTTPClientResponsePart) {
        switch part {
        case .head(let head): readHead(head)
        case .body(let bytes): readBody(bytes)
        case .end(let trailers): readEnd(trailers)
        }
    }

    func upstreamReadComplete() { context?.flush() }

    func upstreamWritabilityChanged() { advance() }

    /// It is gone, or what came is no HTTP.
    func upstreamClosed() {
        guard let passage, let upstream = passage.upstream else { return }
        passage.upstream = nil
        let hasEnded = !parts.table.isLive(upstream.place.lease)
        if exchange == .tunnel, !hasEnded {
            // The tunnel brings what was said to its end; not for ever.
            patience = .farewell(.now())
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
        advance()
    }

    private func readHead(_ head: HTTPResponseHead) {
        guard let passage, let reading = passage.reading else { return }
        switch head.status.code {
        case 101:
            guard reading.upgrade != nil else { return loseUpstream() }
            exchange.hear(isFinal: true)
            let name = head.headers.first(name: "upgrade") ?? reading.upgrade ?? ""
            let fields = AnswerFields(
                requestID: passage.requestID, framing: .none, persistence: .upgrade(name), keepsLength: false)
            passage.isSwitching = true
            write(.head(fields.head(head)))
            note(head.status)
        case 100..<200:
            exchange.hear(isFinal: false)
            if passage.head.version == .http1_1 { write(.head(AnswerFields.interim(head))) }
        default:
            let isHeld = passage.wantsHeld && passage.head.method != .HEAD
            // Of one that is read whole the client has nothing yet.
            exchange.hear(isFinal: !isHeld)
            passage.keepsUpstream = head.isKeepAlive
            if isHeld {
                passage.held = WholeAnswer(status: head.status, headers: head.headers, body: ByteBuffer())
            } else {
                pass(head, isHeldHead: passage.wantsHeld)
            }
        }
    }

    /// Writes an agent's head to the client.
    /// - Parameter isHeldHead: the answer to HEAD, which cannot know what the length and the tag would become.
    private func pass(_ head: HTTPResponseHead, isHeldHead: Bool) {
        guard let passage else { return }
        var framing = BodyFraming(ofAnswer: head, to: passage.head.method, version: passage.head.version)
        var head = head
        if isHeldHead {
            head.headers.remove(name: "etag")
            head.headers.remove(name: "content-length")
            framing = .none
        }
        if framing == .close { passage.isLast = true }
        let fields = AnswerFields(
            requestID: passage.requestID, framing: framing, persistence: persistence,
            keepsLength: framing == .none && head.status.code != 204)
        write(.head(fields.head(head)))
        note(head.status)
    }

    private func readBody(_ bytes: ByteBuffer) {
        guard let passage, passage.held != nil else { return write(.body(.byteBuffer(bytes))) }
        passage.held?.body.writeImmutableBuffer(bytes)
        guard let held = passage.held, held.body.readableBytes > parts.limits.maxHeldBytes else { return }
        // Too long to be looked at as a whole.
        passage.held = nil
        exchange.hear(isFinal: true)
        pass(HTTPResponseHead(version: .http1_1, status: held.status, headers: held.headers), isHeldHead: false)
        write(.body(.byteBuffer(held.body)))
    }

    private func readEnd(_ trailers: HTTPHeaders?) {
        guard let passage else { return }
        // Of all answers of status 1xx only the consent to another protocol has an end.
        if passage.isSwitching { return tunnel() }
        if let held = passage.held {
            write(held)
        }
        write(.end(passage.held == nil ? RequestFields.trailers(trailers) : nil))
        // The agent's connection is given away before its reading is complete.
        context?.flush()
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
        advance()
    }

    private func write(_ held: WholeAnswer) {
        guard let passage, let reading = passage.reading, let target = passage.target, let route = passage.route else {
            return
        }
        var answer = held
        for name in ["connection", "transfer-encoding", "content-length"] { answer.headers.remove(name: name) }
        if let transform = parts.transform {
            let place = PublicPlace(scheme: parts.scheme, authority: reading.host.text, prefix: target.prefix)
            answer = transform.transform(answer, of: route, path: passage.path, at: place)
        }
        if answer.isKnown(to: passage.head) {
            answer.status = .notModified
            answer.body.clear()
        }
        let isEmpty = answer.status == .notModified || answer.status == .noContent
        let fields = AnswerFields(
            requestID: passage.requestID, framing: isEmpty ? .none : .length(String(answer.body.readableBytes)),
            persistence: persistence, keepsLength: false)
        write(.head(fields.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers))))
        if !isEmpty, answer.body.readableBytes > 0 { write(.body(.byteBuffer(answer.body))) }
        note(answer.status)
    }

    /// What is said of the connection behind this answer.
    var persistence: AnswerFields.Persistence {
        guard let passage, !passage.isLast, !state.isClosing else { return .close }
        return passage.head.version == .http1_1 ? .keep : .keepOld
    }

    func note(_ status: HTTPResponseStatus) {
        RouterMetrics.answered(status.code)
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
        context.flush()
        let (near, far) = TunnelHalf.pair()
        do {
            try context.pipeline.syncOperations.addHandler(near)
            try channel.pipeline.syncOperations.addHandler(far)
        } catch {
            return cut()
        }
        // The parsers give away what they have left outside of any reading.
        endHTTP { far.flush() }
        upstream.endHTTP { near.flush() }
        advance()
    }
}

extension WholeAnswer {
    /// Whether the client has it already (RFC 9110, 13.1.2).
    fileprivate func isKnown(to request: HTTPRequestHead) -> Bool {
        guard status == .ok, let tag = headers.first(name: "etag") else { return false }
        return EntityTag(field: tag).isNamed(by: request.headers["if-none-match"])
    }
}
