internal import BerthCore

/// How it is told where a message's body ends (RFC 9112, 6).
enum BodyFraming: Hashable {
    case none
    case length(Int)
    case chunked
    /// With the connection. Of answers alone.
    case close

    /// A request's.
    /// - Throws: `malformed-request` for one that no two programs would surely agree on.
    init(of head: RequestHead) throws(BerthError) {
        guard let framing = Self.told(by: head.fields), framing != .chunked || head.isCurrent else {
            throw BerthError(
                .malformedRequest, "It is not clear where the request's body ends. Send one Content-Length, or chunks.")
        }
        self = framing == .length(0) ? .none : framing
    }

    /// An answer's, as the agent sends it.
    /// - Throws: ``WireFault/malformed`` where that is not clear.
    init(of head: ResponseHead, toHead isToHead: Bool) throws(WireFault) {
        // HTTP/1.0 knows no chunks (RFC 9112, 6.1).
        guard let framing = Self.told(by: head.fields), framing != .chunked || head.isCurrent else { throw .malformed }
        if isToHead || head.status / 100 == 1 || head.status == 204 || head.status == 304 {
            self = .none
        } else {
            // What an answer does not tell ends with its connection.
            self = framing == .none ? .close : framing
        }
    }

    /// What it becomes for a client: chunks take the place of a connection's end, where the client knows them.
    func passed(toCurrent isCurrent: Bool) -> BodyFraming {
        switch self {
        case .none, .length: self
        case .chunked, .close: isCurrent ? .chunked : .close
        }
    }

    /// By one length or by chunks, and by nothing else. Nil where it is not clear.
    private static func told(by fields: FieldSection) -> BodyFraming? {
        var found = BodyFraming.none
        for field in fields.fields where field.isExact {
            switch field.kind {
            case .contentLength:
                guard found == .none, let length = length(fields.string(field.value)) else { return nil }
                found = .length(length)
            case .transferEncoding:
                guard found == .none, fields.says(field.value, "chunked") else { return nil }
                found = .chunked
            default: break
            }
        }
        return found
    }

    /// Digits, not more than any body has.
    private static func length(_ text: String) -> Int? {
        guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy(WireSyntax.isDigit) else { return nil }
        return Int(text)
    }
}
