internal import NIOCore

/// The head of a request (RFC 9112, 3), as it came.
struct RequestHead {
    /// What is of interest here of a method; any other token is the agent's business.
    enum Method: Hashable {
        case get, head, post, put, patch, delete, options, trace, connect, other
    }

    let method: Method
    /// As it was written.
    let methodPlace: FieldSection.Place
    let targetPlace: FieldSection.Place
    /// HTTP/1.1; otherwise it is 1.0.
    let isCurrent: Bool
    let fields: FieldSection
    let connection: ConnectionOptions

    var target: String { fields.string(targetPlace) }

    /// - Parameter text: up to the empty line, with it.
    static func read(_ text: ByteBuffer, maxFields: Int) -> Result<RequestHead, WireFault> {
        let line = text.withUnsafeReadableBytes { bytes -> (method: Int, target: Int, isCurrent: Bool)? in
            var method = 0
            while method < bytes.count, WireSyntax.isToken(bytes[method]) { method += 1 }
            guard method > 0, method < bytes.count, bytes[method] == WireSyntax.space else { return nil }
            var target = method + 1
            while target < bytes.count, WireSyntax.isTarget(bytes[target]) { target += 1 }
            guard target > method + 1, target < bytes.count, bytes[target] == WireSyntax.space,
                let isCurrent = WireVersion.isCurrent(bytes, at: target + 1), target + 11 <= bytes.count,
                bytes[target + 9] == WireSyntax.carriageReturn, bytes[target + 10] == WireSyntax.lineFeed
            else { return nil }
            return (method, target, isCurrent)
        }
        guard let line else { return .failure(.malformed) }
        return FieldSection.read(text, from: line.target + 11, maxFields: maxFields).map { fields in
            RequestHead(
                method: text.withUnsafeReadableBytes { method(UnsafeRawBufferPointer(rebasing: $0[..<line.method])) },
                methodPlace: FieldSection.Place(0..<line.method),
                targetPlace: FieldSection.Place(line.method + 1..<line.target), isCurrent: line.isCurrent,
                fields: fields, connection: ConnectionOptions(fields))
        }
    }

    /// Methods are written in capitals (RFC 9110, 9.1).
    private static func method(_ name: UnsafeRawBufferPointer) -> Method {
        switch name.count {
        case 3: name.elementsEqual("GET".utf8) ? .get : name.elementsEqual("PUT".utf8) ? .put : .other
        case 4: name.elementsEqual("POST".utf8) ? .post : name.elementsEqual("HEAD".utf8) ? .head : .other
        case 5: name.elementsEqual("PATCH".utf8) ? .patch : name.elementsEqual("TRACE".utf8) ? .trace : .other
        case 6: name.elementsEqual("DELETE".utf8) ? .delete : .other
        case 7:
            name.elementsEqual("OPTIONS".utf8) ? .options : name.elementsEqual("CONNECT".utf8) ? .connect : .other
        default: .other
        }
    }

    /// What stands for a request that could not be read.
    static let unread: RequestHead = {
        guard case .success(let head) = read(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"), maxFields: 0) else {
            preconditionFailure("a request of one line is well-formed")
        }
        return head
    }()
}

/// The head of an answer (RFC 9112, 4), as it came.
struct ResponseHead {
    let status: Int
    let reason: FieldSection.Place
    /// HTTP/1.1; otherwise it is 1.0.
    let isCurrent: Bool
    let fields: FieldSection
    let connection: ConnectionOptions

    /// Whether the connection can carry another request (RFC 9112, 9.3).
    var isKeepAlive: Bool { isCurrent ? !connection.hasClose : connection.hasKeepAlive && !connection.hasClose }

    /// - Parameter text: up to the empty line, with it.
    static func read(_ text: ByteBuffer, maxFields: Int) -> Result<ResponseHead, WireFault> {
        let line = text.withUnsafeReadableBytes { bytes -> (status: Int, reason: Range<Int>, isCurrent: Bool)? in
            guard let isCurrent = WireVersion.isCurrent(bytes, at: 0), bytes.count >= 14, bytes[8] == WireSyntax.space,
                bytes[9..<12].allSatisfy(WireSyntax.isDigit)
            else { return nil }
            let status = bytes[9..<12].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            // Some leave the blank out with the reason.
            var start = 12
            if bytes[start] == WireSyntax.space { start += 1 }
            var end = start
            while end < bytes.count, WireSyntax.isText(bytes[end]) { end += 1 }
            guard status >= 100, end == 12 || start == 13, end + 1 < bytes.count,
                bytes[end] == WireSyntax.carriageReturn, bytes[end + 1] == WireSyntax.lineFeed
            else { return nil }
            return (status, start..<end, isCurrent)
        }
        guard let line else { return .failure(.malformed) }
        return FieldSection.read(text, from: line.reason.upperBound + 2, maxFields: maxFields).map { fields in
            ResponseHead(
                status: line.status, reason: FieldSection.Place(line.reason), isCurrent: line.isCurrent, fields: fields,
                connection: ConnectionOptions(fields))
        }
    }
}

private enum WireVersion {
    /// Whether `HTTP/1.1` stands at a place; nil where neither that nor `HTTP/1.0` does.
    static func isCurrent(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool? {
        guard place + 8 <= bytes.count, bytes[place..<place + 7].elementsEqual("HTTP/1.".utf8) else { return nil }
        switch bytes[place + 7] {
        case UInt8(ascii: "1"): return true
        case UInt8(ascii: "0"): return false
        default: return nil
        }
    }
}
