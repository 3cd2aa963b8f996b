import BerthCore
import NIOHTTP1
import Testing

@testable import BerthRouter

@Suite struct `The end of a body` {
    private func request(_ fields: [(String, String)], version: HTTPVersion = .http1_1) -> BodyFraming? {
        try? BodyFraming(
            ofRequest: HTTPRequestHead(version: version, method: .POST, uri: "/", headers: HTTPHeaders(fields)))
    }

    @Test func `is told by one length or by chunks`() {
        #expect(request([]) == BodyFraming.none)
        #expect(request([("Content-Length", "12")]) == .length("12"))
        #expect(request([("Content-Length", "0")]) == BodyFraming.none)
        #expect(request([("Transfer-Encoding", "Chunked")]) == .chunked)
    }

    @Test(arguments: [
        [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "1"), ("Content-Length", "1")],
        [("Content-Length", "+1")], [("Content-Length", "1, 1")], [("Content-Length", "")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "identity")], [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    ])
    func `must be clear to everybody`(fields: [(String, String)]) { #expect(request(fields) == nil) }

    @Test func `is never in chunks for a client of HTTP 1 0`() {
        #expect(request([("Transfer-Encoding", "chunked")], version: .http1_0) == nil)
        let endless = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked"])
        #expect(BodyFraming(ofAnswer: endless, to: .GET, version: .http1_0) == .close)
        #expect(BodyFraming(ofAnswer: endless, to: .GET, version: .http1_1) == .chunked)
    }

    @Test func `is the head's where an answer has no body`() {
        let answer = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "5"])
        #expect(BodyFraming(ofAnswer: answer, to: .HEAD, version: .http1_1) == .none)
        #expect(BodyFraming(ofAnswer: answer, to: .GET, version: .http1_1) == .length("5"))
        for status in [HTTPResponseStatus.noContent, .notModified, .continue] {
            let head = HTTPResponseHead(version: .http1_1, status: status)
            #expect(BodyFraming(ofAnswer: head, to: .GET, version: .http1_1) == .none)
        }
    }
}
