import Testing

@testable import BerthBenchmark

@Suite struct `Reading a response` {
    private let created = "HTTP/1.1 201 Created\r\nLocation: /v1/leases/17\r\ncontent-length:  9\r\n\r\n{\"id\":17}"

    private func scan(_ text: String) throws -> Response? {
        try Array(text.utf8).withUnsafeBytes { bytes throws(Response.Defect) in try Response.scan(bytes) }
    }

    @Test func `takes the status and the body`() throws {
        let response = try #require(try scan(created))
        #expect(response.status == 201)
        #expect(String(decoding: Array(created.utf8)[response.body], as: UTF8.self) == "{\"id\":17}")
    }

    @Test func `waits for the rest wherever the bytes were cut`() throws {
        for length in 0..<created.utf8.count {
            #expect(try scan(String(decoding: created.utf8.prefix(length), as: UTF8.self)) == nil)
        }
    }

    @Test func `knows that a 204 has no body`() throws {
        let text = "HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n"
        #expect(try scan(text) == Response(status: 204, body: text.utf8.count..<text.utf8.count))
    }

    @Test func `refuses an answer of unknown length`() {
        #expect(throws: Response.Defect.unknownLength) {
            try scan("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        }
    }

    @Test func `refuses bytes after the answer`() {
        #expect(throws: Response.Defect.overrun) { try scan(created + "H") }
    }

    @Test(arguments: ["HTTP/1.0 200 OK\r\n", "hello\r\n", "HTTP/1.1 ok\r\n", "\r\n"])
    func `refuses what is no status line`(line: String) {
        #expect(throws: Response.Defect.statusLine) { try scan(line) }
    }
}

@Suite struct `Finding the lease in a body` {
    private func id(in text: String) -> UInt64? {
        Array(text.utf8).withUnsafeBytes { LeaseIDScanner.id(in: $0) }
    }

    @Test func `takes the member named id wherever it stands`() {
        #expect(id(in: #"{"id":17,"count":6}"#) == 17)
        #expect(id(in: #"{"lease_id":3,"session":"id","id" : 9007199254740993}"#) == 9_007_199_254_740_993)
    }

    @Test(arguments: ["", "{}", "{\"id\"", "{\"id\":", "{\"id\":null}", "{\"id\":\"7\"}"])
    func `finds none where there is none`(text: String) {
        #expect(id(in: text) == nil)
    }
}
