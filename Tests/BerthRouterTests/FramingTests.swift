import BerthCore
import NIOCore
import Testing

@testable import BerthRouter

@Suite struct `The end of a body` {
    private func request(_ fields: [(String, String)], version: String = "1.1") throws -> BodyFraming? {
        let head = try Heads.request(fields, "POST", version: version)
        return try? BodyFraming(of: head)
    }

    private func answer(
        _ fields: [(String, String)], status: String = "200 OK", toHead: Bool = false
    ) throws -> BodyFraming? {
        let head = try Heads.answer(status, fields)
        return try? BodyFraming(of: head, toHead: toHead)
    }

    @Test func `is told by one length or by chunks`() throws {
        #expect(try request([]) == BodyFraming.none)
        #expect(try request([("Content-Length", "12")]) == .length(12))
        #expect(try request([("Content-Length", "0")]) == BodyFraming.none)
        #expect(try request([("Transfer-Encoding", "Chunked")]) == .chunked)
        #expect(try answer([("content-length", "0")]) == .length(0))
        #expect(try answer([("transfer-encoding", "chunked")]) == .chunked)
        #expect(try answer([]) == .close)
    }

    @Test(arguments: [
        [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "1"), ("Content-Length", "1")],
        [("Content-Length", "+1")], [("Content-Length", "1, 1")], [("Content-Length", "")],
        [("Content-Length", "1234567890123456789")], [("Content-Length", "0x1")],
        [("Transfer-Encoding", "gzip, chunked")], [("Transfer-Encoding", "chunked, gzip")],
        [("Transfer-Encoding", "identity")], [("Transfer-Encoding", "chun\u{212A}ed")],
        [("Transfer-Encoding", "chunked;")], [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    ])
    func `must be clear to everybody`(fields: [(String, String)]) throws {
        #expect(try request(fields) == nil)
        #expect(try answer(fields) == nil)
    }

    @Test func `is told by no name that only looks like one`() throws {
        #expect(try request([("Content_Length", "5"), ("Transfer_Encoding", "chunked")]) == BodyFraming.none)
        #expect(try request([("Content_Length", "5"), ("Content-Length", "6")]) == .length(6))
    }

    @Test func `is never in chunks for a client of HTTP 1 0`() throws {
        #expect(try request([("Transfer-Encoding", "chunked")], version: "1.0") == nil)
        for endless in [BodyFraming.chunked, .close] {
            #expect(endless.passed(toCurrent: false) == .close && endless.passed(toCurrent: true) == .chunked)
        }
        let old = try ResponseHead.read(
            ByteBuffer(string: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), maxFields: 8
        ).get()
        #expect(throws: WireFault.malformed) { try BodyFraming(of: old, toHead: false) }
        #expect(BodyFraming.length(5).passed(toCurrent: false) == .length(5))
    }

    @Test func `is the head's where an answer has no body`() throws {
        let fields = [("Content-Length", "5")]
        #expect(try answer(fields, toHead: true) == BodyFraming.none)
        #expect(try answer(fields) == .length(5))
        for status in ["204 No Content", "304 Not Modified", "100 Continue", "101 Switching Protocols"] {
            #expect(try answer(fields, status: status) == BodyFraming.none)
        }
        // What it tells of a body is passed on, and has to be clear, too.
        #expect(try answer([("Content-Length", "5"), ("Content-Length", "7")], toHead: true) == nil)
    }
}
