import Glibc

/// A blocking HTTP/1.1 client on one connection, which sends exactly the bytes that it is given.
final class Connection {
    /// The connection ended before a whole response was there.
    struct Ended: Error, CustomStringConvertible {
        /// What had come of the response by then.
        let received: [UInt8]
        let reason: String
        /// Whether the daemon closed it in order.
        var isHangUp: Bool { reason == Connection.hangUp }
        var description: String {
            "\(reason) after \(received.count) bytes: \(String(decoding: received, as: UTF8.self))"
        }
    }

    private let socket: Socket
    private let host: String
    private var buffer: [UInt8] = []

    init(_ socket: Socket, host: String, timeoutSeconds: Int = 20) {
        self.socket = socket
        self.host = host
        // A socket that takes no time limit fails at its first read, which says more.
        _ = try? socket.limit(seconds: timeoutSeconds)
    }

    func close() { socket.close() }

    /// Says that nothing more will be sent.
    func finishSending() { shutdown(socket.descriptor, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { part in
                // A daemon that hung up is an answer, not a reason to die of SIGPIPE.
                Glibc.send(socket.descriptor, part.baseAddress, part.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Ended(received: buffer, reason: String(cString: strerror(errno))) }
            sent += count
        }
    }

    /// Sends a request and waits for its answer.
    func call(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [(String, String)] = []
    ) throws -> Response {
        try send(Self.request(method, path, body, headers: headers, host: host))
        return try receive(headOnly: method == "HEAD")
    }

    /// The bytes of a request. `Host` and, beside a body, `Content-Type` are added where `headers` lack them.
    static func request(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, headers: [(String, String)] = [], host: String
    ) -> [UInt8] {
        let names = Set(headers.map { $0.0.lowercased() })
        var head = "\(method) \(path) HTTP/1.1\r\n"
        if !names.contains("host") { head += "Host: \(host)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body {
            if !names.contains("content-type") { head += "Content-Type: application/json\r\n" }
            if !names.contains("content-length"), !names.contains("transfer-encoding") {
                head += "Content-Length: \(body.count)\r\n"
            }
        }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }

    /// Waits for the next response.
    /// - Throws: ``Ended`` when the connection ends before.
    func receive(headOnly: Bool = false) throws -> Response {
        var searched = 0
        var end = Self.endOfHead(buffer, from: 0)
        while end == nil {
            searched = max(0, buffer.count - 3)
            try fill()
            end = Self.endOfHead(buffer, from: searched)
        }
        let head = Array(buffer[..<(end ?? 0)])
        buffer.removeFirst(head.count + 4)
        var response = try Response(head: head)
        if headOnly || [204, 304].contains(response.status) || response.status / 100 == 1 { return response }
        if response["transfer-encoding"]?.lowercased() == "chunked" {
            response.body = try receiveChunks()
        } else if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try take(length)
        } else {
            response.body = try receiveRest()
        }
        return response
    }

    /// Everything that comes until the daemon hangs up.
    func receiveRest() throws -> [UInt8] {
        while true {
            do { try fill() } catch let end as Ended where end.reason == Self.hangUp { break }
        }
        defer { buffer = [] }
        return buffer
    }

    /// What comes up to a text, with it, on a connection that stays open.
    func receiveRest(until end: String) throws -> [UInt8] {
        while buffer.firstRange(of: Array(end.utf8)) == nil { try fill() }
        defer { buffer = [] }
        return buffer
    }

    fileprivate static let hangUp = "the daemon hung up"

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(socket.descriptor, &chunk, chunk.count, 0)
        if count == 0 { throw Ended(received: buffer, reason: Self.hangUp) }
        guard count > 0 else { throw Ended(received: buffer, reason: String(cString: strerror(errno))) }
        buffer += chunk[..<count]
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private func receiveChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            var line: [UInt8] = []
            while line.suffix(2) != [13, 10] { line += try take(1) }
            guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
                throw HarnessError("no size of a chunk: \(line)")
            }
            body += try take(size)
            _ = try take(2)
            if size == 0 { return body }
        }
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= start + 4 else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            for index in start...(bytes.count - 4)
            where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10 {
                return index
            }
            return nil
        }
    }
}
