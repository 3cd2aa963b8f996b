import BerthTestSupport
import NIOCore
import Testing

@testable import BerthRouter

@Suite struct `A message of HTTP 1` {
    private func request(_ text: String, maxFields: Int = 128) -> Result<RequestHead, WireFault> {
        RequestHead.read(ByteBuffer(string: text), maxFields: maxFields)
    }

    private func isRead(_ text: String) -> Bool { (try? request(text).get()) != nil }

    @Test func `has a method, a target, a version and fields`() throws {
        let head = try request("PATCH /a?b=%20 HTTP/1.1\r\nHost:x\r\nA:\r\nB: \t c d\t \r\nhost_: 1\r\n\r\n").get()
        #expect(head.method == .patch && head.target == "/a?b=%20" && head.isCurrent)
        #expect(head.fields[.host] == ["x"] && head.fields["a"] == [""] && head.fields["b"] == ["c d"])
        #expect(head.fields.fields.count == 4)
        let old = try request("get * HTTP/1.0\r\n\r\n").get()
        #expect(old.method == .other && old.target == "*" && !old.isCurrent)
        let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "M-SEARCH"]
        let methods = try names.map { try request("\($0) / HTTP/1.1\r\n\r\n").get().method }
        #expect(methods == [.get, .head, .post, .put, .patch, .delete, .options, .trace, .connect, .other])
    }

    @Test(arguments: [
        "GET / HTTP/1.1 \r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.2\r\n\r\n", "GET / http/1.1\r\n\r\n", "GET / HTTP/1.10\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n", "GET /\u{7f} HTTP/1.1\r\n\r\n", "GET /é HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA : 1\r\n\r\n", "GET / HTTP/1.1\r\n: 1\r\n\r\n", "GET / HTTP/1.1\r\nA\r\n\r\n",
        "GET / HTTP/1.1\r\n A: 1\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\r\n b\r\n\r\n", "GET / HTTP/1.1\r\nA: 1\r2\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\nA: \u{7f}\r\n\r\n", "GET / HTTP/1.1\r\nA(: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nÄ: 1\r\n\r\n", "\r\n", "", "PRI * HTTP/2.0\r\n\r\n",
    ])
    func `is none where two programs might read it differently`(text: String) { #expect(!isRead(text)) }

    @Test func `may ask for another protocol, and for no other HTTP`() throws {
        func wish(_ value: String, _ more: [(String, String)] = []) throws -> String? {
            let head = try Heads.request(
                [("Host", "r"), ("Connection", "Upgrade"), ("Upgrade", value)] + more, "GET", "/s/a/b/")
            var memory = RequestReading.Memory()
            return try RequestReading(head, scheme: "http", memory: &memory) { host in
                RequestHost(host, client: "c", scheme: "http", at: nil) { _, _ in true }
            }.upgrade
        }
        #expect(try wish("websocket") == "websocket" && wish("SPDY/3.1") == "SPDY/3.1")
        for version in ["h2c", "H2C", "websocket, h2c", "HTTP/2.0", "TLS/1.0", " h2c "] {
            #expect(try wish(version) == nil, "\(version)")
        }
        #expect(try wish("websocket", [("Upgrade", "websocket")]) == nil)
        #expect(try wish("websocket", [("Content-Length", "1")]) == nil)
    }

    @Test func `keeps no more memory than its head takes`() throws {
        var reader = MessageReader(requests: Transcript.limits)
        var large = ByteBufferAllocator().buffer(capacity: 65_536)
        large.writeString("GET / HTTP/1.1\r\nA: 1\r\n\r\n")
        reader.append(large)
        let head = try #require(try reader.head())
        #expect(head.fields.text.storageCapacity < 1024 && head.fields["a"] == ["1"])
    }

    @Test func `has no more fields than its bound`() {
        let text = "GET / HTTP/1.1\r\n" + String(repeating: "A: 1\r\n", count: 3) + "\r\n"
        #expect((try? request(text, maxFields: 3).get()) != nil)
        #expect(throws: WireFault.tooLarge) { try request(text, maxFields: 2).get() }
    }

    @Test func `of an agent has a status, and perhaps a reason`() throws {
        func answer(_ line: String) throws -> ResponseHead {
            try ResponseHead.read(ByteBuffer(string: "\(line)\r\nA: 1\r\n\r\n"), maxFields: 8).get()
        }
        let found = try answer("HTTP/1.1 404 Not  found, é")
        #expect(found.status == 404 && found.fields.string(found.reason) == "Not  found, é" && found.isKeepAlive)
        #expect(try answer("HTTP/1.1 200 ").status == 200 && answer("HTTP/1.1 200").status == 200)
        #expect(try !answer("HTTP/1.0 200 OK").isKeepAlive)
        #expect(try answer("HTTP/1.0 200 OK\r\nConnection: keep-alive").isKeepAlive)
        #expect(try !answer("HTTP/1.1 200 OK\r\nConnection: x, Close").isKeepAlive)
        for line in [
            "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/1.1  200 OK", "HTTP/1.1 200OK", "ICY 200 OK",
        ] {
            #expect(throws: WireFault.malformed) { try answer(line) }
        }
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2;a=b\r\nhe\r\n3 ; x=\"y\"\r\nllo\r\n000\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "0123456789 X-Sum Y"),
    ])
    func `comes in chunks, as they are cut by whoever sends them`(text: String, expected: String) throws {
        for size in 1...text.utf8.count {
            #expect(try Transcript(chunked: text, piece: size) == Transcript(expected: expected), "\(size)")
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "0x1\r\n", " 1\r\na\r\n0\r\n\r\n", "1\na\r\n0\r\n\r\n", "1\r\nab\r\n",
        "1\r\na\n0\r\n\r\n",
        "1000000000000000\r\n", "1;\u{1}\r\na\r\n", "1x\r\na\r\n", "1 \r\na\r\n", "1 7\r\na\r\n", "1\t x;y\r\na\r\n",
        "0\r\nA : 1\r\n\r\n", "0\r\n\n",
        "0\r\n A: 1\r\n\r\n",
        "1;" + String(repeating: "x", count: 300),
    ])
    func `has no chunks where their ends are not clear`(text: String) {
        for size in [1, 2, text.utf8.count] {
            #expect(throws: WireFault.malformed) { try Transcript(chunked: text, piece: size) }
        }
    }

    @Test func `has trailers as short as a head`() {
        let long = "0\r\nA: " + String(repeating: "x", count: 5000) + "\r\n\r\n"
        #expect(throws: WireFault.tooLarge) { try Transcript(chunked: long, piece: 100) }
    }

    @Test func `may have empty lines in front, and be one of several`() throws {
        let text =
            "\r\n\r\nGET /1 HTTP/1.1\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\n\r\n"
        for size in 1...text.utf8.count {
            let said = try Transcript(requests: text, piece: size)
            #expect(said.lines == ["get /1", "end", "post /2", "abc", "end", "get /3", "end"], "\(size)")
        }
    }

    @Test func `is not waited for where it cannot become one`() {
        for start in [
            "GET /\n", "\u{16}\u{3}\u{1}", "GET / HTTP/1.1\r\nA: 1\n", "\n", "GET \0", "GET / HTTP/1.1\r\n\0",
        ] {
            #expect(throws: WireFault.malformed) { try Transcript(requests: start, piece: 1) }
        }
        #expect(throws: WireFault.tooLarge) {
            try Transcript(requests: "GET /" + String(repeating: "a", count: 5000), piece: 64)
        }
    }
}

/// What a reader makes of bytes that come in pieces.
struct Transcript: Equatable {
    /// Pieces of a body that follow each other are one line.
    private(set) var lines: [String] = []
    private var body = ""

    static let limits = WireLimits(maxHeadBytes: 4096, maxFields: 128)

    private mutating func add(_ part: BodyReader.Part) -> Bool {
        switch part {
        case .bytes(let bytes): body += String(buffer: bytes)
        case .end(let trailers):
            if !body.isEmpty { lines.append(body) }
            body = ""
            lines.append(
                (["end"] + (trailers?.fields.map { trailers?.string($0.name) ?? "" } ?? [])).joined(separator: " "))
            return true
        }
        return false
    }

    /// - Parameter expected: a body, and the names of trailers.
    init(expected: String) {
        let parts = expected.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        if let body = parts.first, !body.isEmpty { lines.append(String(body)) }
        lines.append((["end"] + parts.dropFirst().map(String.init)).joined(separator: " "))
    }

    init(chunked text: String, piece: Int) throws {
        var reader = MessageReader(answers: Self.limits)
        reader.begin(.chunked)
        for bytes in Self.pieces(Array(text.utf8), piece) {
            reader.append(bytes)
            while let part = try reader.part(), !add(part) {}
        }
    }

    init(requests text: String, piece: Int) throws { try self.init(requests: Self.pieces(Array(text.utf8), piece)) }

    /// - Parameter pieces: of requests, each with its body.
    init(requests pieces: [ByteBuffer]) throws {
        var reader = MessageReader(requests: Self.limits)
        var isInBody = false
        for bytes in pieces {
            reader.append(bytes)
            while true {
                if isInBody {
                    guard let part = try reader.part() else { break }
                    if add(part) { isInBody = false }
                } else {
                    guard let head = try reader.head() else { break }
                    lines.append("\(head.method) \(head.target)")
                    reader.begin(try BodyFraming(of: head))
                    isInBody = true
                }
            }
        }
    }

    static func pieces(_ bytes: [UInt8], _ size: Int) -> [ByteBuffer] {
        stride(from: 0, to: bytes.count, by: size).map { ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.count)]) }
    }
}
