internal import NIOHTTP1

/// Makes the head that a client gets out of the one that an agent sent.
struct AnswerFields {
    /// What becomes of the client's connection behind the answer.
    enum Persistence: Hashable {
        case keep
        /// A client of HTTP/1.0 that asked for it.
        case keepOld
        case close
        /// It speaks another protocol from here on.
        case upgrade(String)
    }

    let requestID: String
    let framing: BodyFraming
    let persistence: Persistence
    /// Answers to HEAD and of status 304 tell the length of a body that they do not have.
    let keepsLength: Bool

    func head(_ answer: HTTPResponseHead) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(answer.headers.count + 3)
        let options = ConnectionOptions(answer.headers)
        for (name, value) in answer.headers where !options.names(name) {
            switch FieldKind(name) {
            case .hopByHop, .requestID: break
            case .contentLength: if keepsLength { headers.add(name: name, value: value) }
            case .setCookie: if !Credential.setsOwnCookie(value) { headers.add(name: name, value: value) }
            case .endToEnd, .forwarding, .host, .expect, .authorization, .ownAuthorization, .cookie:
                headers.add(name: name, value: value)
            }
        }
        headers.add(name: "X-Request-Id", value: requestID)
        switch framing {
        case .none, .close: break
        case .length(let length): headers.add(name: "Content-Length", value: length)
        case .chunked: headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        switch persistence {
        case .keep: break
        case .keepOld: headers.add(name: "Connection", value: "keep-alive")
        case .close: headers.add(name: "Connection", value: "close")
        case .upgrade(let name):
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: name)
        }
        return HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    }

    /// A head of status 1xx that is passed on by the way: it has no framing.
    static func interim(_ answer: HTTPResponseHead) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        let options = ConnectionOptions(answer.headers)
        for (name, value) in answer.headers where !options.names(name) && FieldKind(name) == .endToEnd {
            headers.add(name: name, value: value)
        }
        return HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
    }
}
