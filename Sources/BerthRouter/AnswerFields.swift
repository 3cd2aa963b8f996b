internal import NIOCore
internal import NIOHTTP1

/// Makes the head that a client gets out of the one that an agent sent, or of the router's own.
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

    func head(_ answer: ResponseHead, without dropped: StaticString? = nil) -> ByteBuffer {
        var out = Self.start(answer)
        let section = answer.fields
        section.write(to: &out) { field in
            if answer.connection.names(field, of: section) { return .drop }
            if let dropped, section.isNamed(field, dropped) { return .drop }
            return stays(field.kind, isExact: field.isExact, section.string(field.value)) ? .pass : .drop
        }
        end(&out)
        return out
    }

    /// The same for fields that lie apart.
    func head(_ status: HTTPResponseStatus, _ fields: HTTPHeaders) -> ByteBuffer {
        var out = ByteBuffer(staticString: "HTTP/1.1 ")
        out.writeField("", "\(status.code) \(status.reasonPhrase)")
        for (name, value) in fields where stays(FieldKind(name), isExact: true, value) {
            out.writeString(name)
            out.writeField(": ", value)
        }
        end(&out)
        return out
    }

    private func stays(_ kind: FieldKind, isExact: Bool, _ value: @autoclosure () -> String) -> Bool {
        switch kind {
        case .hopByHop, .connection, .te, .transferEncoding, .upgrade, .requestID: false
        case .contentLength: keepsLength && isExact
        case .setCookie: !Credential.setsOwnCookie(value())
        case .endToEnd, .forwarding, .host, .expect, .authorization, .ownAuthorization, .cookie: true
        }
    }

    /// A head of status 1xx that is passed on by the way: it has no framing.
    static func interim(_ answer: ResponseHead) -> ByteBuffer {
        var out = start(answer)
        let section = answer.fields
        section.write(to: &out) { field in
            field.kind != .endToEnd || answer.connection.names(field, of: section) ? .drop : .pass
        }
        out.writeStaticString("\r\n")
        return out
    }

    private static func start(_ answer: ResponseHead) -> ByteBuffer {
        let text = answer.fields.text
        // Room for the lines behind it, and for a short body.
        var out = ByteBufferAllocator().buffer(capacity: text.readableBytes + 2048)
        out.writeStaticString("HTTP/1.1 ")
        out.writeString(String(answer.status))
        out.writeStaticString(" ")
        text.withUnsafeReadableBytes { bytes in
            _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[answer.reason.range]))
        }
        out.writeStaticString("\r\n")
        return out
    }

    private func end(_ out: inout ByteBuffer) {
        out.writeField("X-Request-Id: ", requestID)
        switch framing {
        case .none, .close: break
        case .length(let length): out.writeField("Content-Length: ", String(length))
        case .chunked: out.writeField("Transfer-Encoding: ", "chunked")
        }
        switch persistence {
        case .keep: break
        case .keepOld: out.writeField("Connection: ", "keep-alive")
        case .close: out.writeField("Connection: ", "close")
        case .upgrade(let name):
            out.writeField("Connection: ", "Upgrade")
            out.writeField("Upgrade: ", name)
        }
        out.writeStaticString("\r\n")
    }
}
