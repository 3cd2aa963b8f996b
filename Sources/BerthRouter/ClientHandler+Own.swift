internal import BerthCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// What the router answers by itself, and the ends of answers and connections.
extension ClientHandler {
    /// Answers with a problem (RFC 9457).
    func refuse(_ error: BerthError) {
        guard let passage else { return }
        let presentation = error.code.presentation
        var headers: HTTPHeaders = ["Content-Type": "application/problem+json"]
        if error.code == .unauthorized { headers.add(name: "WWW-Authenticate", value: "Bearer realm=\"berth\"") }
        if presentation.status == 503 || presentation.status == 429 { headers.add(name: "Retry-After", value: "5") }
        state.parts.logger.debug(
            "request refused",
            metadata: ["request_id": "\(passage.requestID)", "code": "\(error.code.rawValue)"])
        answer(
            HTTPResponseStatus(statusCode: presentation.status), headers, state.parts.problem(error, passage.requestID))
    }

    func redirect(to place: String) {
        answer(.permanentRedirect, ["Location": place], ByteBuffer())
    }

    private func answer(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer) {
        guard let passage else { return }
        // The rest of a request with a body is on its way, and nobody wants it.
        if passage.reading.map({ $0.framing != .none }) ?? true { passage.isLast = true }
        let fields = AnswerFields(
            requestID: passage.requestID, framing: .length(body.readableBytes), persistence: persistence,
            keepsLength: false)
        output.write(fields.head(status, headers))
        if passage.head.method != .head { output.write(body) }
        note(Int(status.code))
        exchange.answerAlone(isLast: passage.isLast)
        finish()
    }

    /// The answer was the request's whole one: the next may come, or the connection ends.
    func finish() {
        let isLast = (passage?.isLast ?? true) || state.isClosing
        endPassage()
        guard isLast else {
            patience = .idle(.now())
            return
        }
        leave()
    }

    /// Ends the connection behind what was written, and waits for the client to do so too: where more is to be read, closing
    /// at once would make the kernel throw away what the client has not taken yet (RFC 9112, 9.6).
    func leave() {
        exchange.close()
        patience = .taking(.now())
        output.flush()
        context?.close(mode: .output).assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.patience = .farewell(.now())
            case .failure: self.context?.close(promise: nil)
            }
        }
    }
}
