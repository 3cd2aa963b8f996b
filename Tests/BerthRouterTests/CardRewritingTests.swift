import BerthCore
import BerthTestSupport
import NIOHTTP1
import Testing

@testable import BerthRouter

@Suite struct `Agent cards on their way out` {
    /// The lease has the ports 20000 and 20001.
    private let rewriting: CardRewriting

    init() {
        rewriting = CardRewriting(bases: [
            20_000: "http://127.0.0.1:7118/s/alice/planner",
            20_001: "https://writer.alice.localhost",
        ])
    }

    private func rewritten(_ card: String) -> String? {
        rewriting.rewrite(Array(card.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func url(_ url: String) -> String? {
        rewritten("{\"url\":\"\(url)\"}").map { String($0.dropFirst(8).dropLast(2)) }
    }

    @Test(arguments: [
        ("http://127.0.0.1:20000/", "http://127.0.0.1:7118/s/alice/planner/"),
        ("http://127.0.0.1:20000", "http://127.0.0.1:7118/s/alice/planner/"),
        ("http://localhost:20000/a2a/v1?x=1#y", "http://127.0.0.1:7118/s/alice/planner/a2a/v1?x=1#y"),
        ("http://LocalHost:20000?x", "http://127.0.0.1:7118/s/alice/planner/?x"),
        ("HTTP://[::1]:20000/%2F/", "http://127.0.0.1:7118/s/alice/planner/%2F/"),
        ("http://0.0.0.0:20001/a", "https://writer.alice.localhost/a"),
        ("https://127.0.0.1:20000/", "http://127.0.0.1:7118/s/alice/planner/"),
        ("ws://127.0.0.1:20000/s", "ws://127.0.0.1:7118/s/alice/planner/s"),
        ("wss://127.0.0.1:20001/s", "wss://writer.alice.localhost/s"),
        ("http://127.0.0.1:020000/", "http://127.0.0.1:7118/s/alice/planner/"),
    ])
    func `say the public URL for one that points at a port of the lease`(from: String, to: String) {
        #expect(url(from) == to)
    }

    @Test(arguments: [
        "http://127.0.0.1:20002/", "http://127.0.0.1/", "http://127.0.0.1:/", "http://127.0.0.1:2000/",
        "http://127.0.0.1:65536/", "http://127.0.0.1:-20000/", "http://127.0.0.1:20000x/", "http://example.com:20000/",
        "http://localhost.example.com:20000/", "http://127.0.0.1.example.com:20000/", "http://127.0.0.2:20000/",
        "http://[::1:20000/", "http://[::2]:20000/", "http://u@127.0.0.1:20000/", "http://127.0.0.1:20000@example.com/",
        "http://localhost:20000\\\\@example.com/", "127.0.0.1:20000", "grpc://127.0.0.1:20000", "//127.0.0.1:20000/",
        "http:/127.0.0.1:20000/", "", "/a", "urn:x://127.0.0.1:20000", "http://127.0.0.1 :20000/",
        " http://127.0.0.1:20000/",
    ])
    func `keep every other URL`(text: String) {
        #expect(url(text) == nil)
    }

    @Test func `of version 1·0 have theirs in the supported interfaces`() {
        let card = """
            {
              "name": "Planner", "url2": "http://127.0.0.1:20000/",
              "supportedInterfaces": [
                {"url": "http://127.0.0.1:20000/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
                {"protocolBinding": "GRPC", "url": "http://127.0.0.1:20001/"},
                {"url": "http://127.0.0.1:20001/v1", "protocolBinding": "HTTP+JSON", "tenant": 1e400},
                {"url": 7}, "http://127.0.0.1:20000/", ["url"], {"inner": {"url": "http://127.0.0.1:20000/"}}
              ],
              "provider": {"url": "http://127.0.0.1:20000/", "organization": "o"},
              "documentationUrl": "http://127.0.0.1:20000/docs", "version": 1.00
            }

            """
        let expected = card.replacing(
            "http://127.0.0.1:20000/a2a", with: "http://127.0.0.1:7118/s/alice/planner/a2a"
        ).replacing("http://127.0.0.1:20001/v1", with: "https://writer.alice.localhost/v1")
        #expect(rewritten(card) == expected)
    }

    @Test func `of version 0·3 have one of their own and more in the additional interfaces`() {
        let card = """
            {"url":"http://127.0.0.1:20000","preferredTransport":"JSONRPC","additionalInterfaces":[{"transport":\
            "grpc","url":"http://127.0.0.1:20001"},{"transport":"HTTP+JSON","url":"http:\\/\\/localhost:20001\\/x"}]}
            """
        let expected = """
            {"url":"http://127.0.0.1:7118/s/alice/planner/","preferredTransport":"JSONRPC","additionalInterfaces":[\
            {"transport":"grpc","url":"http://127.0.0.1:20001"},{"transport":"HTTP+JSON","url":\
            "https://writer.alice.localhost/x"}]}
            """
        #expect(rewritten(card) == expected)
        #expect(rewritten(#"{"preferredTransport": "GRPC", "url": "http://127.0.0.1:20000"}"#) == nil)
    }

    @Test(arguments: [
        (#"{"signatures":[{"a":"]}"}],"url":"U"}"#, #"{"url":"P"}"#),
        (#"{"url":"U","signatures":[]}"#, #"{"url":"P"}"#),
        (#"{"a":1 , "signatures": [] , "url":"U"}"#, #"{"a":1 , "url":"P"}"#),
        (#"{"signatures":1,"signatures":2,"url":"U","signatures":3,"signatures":4}"#, #"{"url":"P"}"#),
        (#"{"url":"U","s":{"signatures":1}}"#, #"{"url":"P","s":{"signatures":1}}"#),
        (#"{"\u0075rl":"U","sign\u0061tures":[]}"#, #"{"\u0075rl":"P"}"#),
        (#"{"url":"U","url":"U"}"#, #"{"url":"P","url":"P"}"#),
    ])
    func `lose the signatures that are no longer true`(card: String, expected: String) {
        let from = card.replacing("U", with: "http://127.0.0.1:20000/")
        #expect(rewritten(from) == expected.replacing("P", with: "http://127.0.0.1:7118/s/alice/planner/"))
    }

    @Test(arguments: [
        "", " ", "null", "[]", "\"http://127.0.0.1:20000/\"", "{}", #"{"url":"http://example.com","signatures":[1]}"#,
        #"{"url":"http://127.0.0.1:20000/"}x"#, #"{"url":"http://127.0.0.1:20000/",}"#,
        #"{"url":"http://127.0.0.1:20000/""#, #"{"url" "http://127.0.0.1:20000/"}"#,
        #"{"url":"http://127.0.0.1:20000/","a":01}"#, #"{"url":"http://127.0.0.1:20000/","a":tru}"#,
        #"{"url":"http://127.0.0.1:20000/\x"}"#, "{\"url\":\"http://127.0.0.1:20000/\n\"}",
        #"{"url":"http://127.0.0.1:20000/","a":"\u12g4"}"#, "\u{FEFF}{\"url\":\"http://127.0.0.1:20000/\"}",
        #"["url":"http://127.0.0.1:20000/"]"#, #"[{"url":"http://127.0.0.1:20000/"}]"#,
    ])
    func `pass as they are where nothing in them is to be changed`(card: String) {
        #expect(rewritten(card) == nil)
    }

    @Test func `pass as they are when they are too long, too deep or no UTF-8`() {
        let start = #"{"url":"http://127.0.0.1:20000/","a":"#
        let short = Array((start + "\"" + String(repeating: "x", count: 1000) + "\"}").utf8)
        #expect(rewriting.rewrite(short) != nil)
        let blanks = [UInt8](repeating: 0x20, count: CardRewriting.maxBytes - short.count)
        #expect(rewriting.rewrite(short + blanks) != nil)
        #expect(rewriting.rewrite(short + blanks + [0x20]) == nil)
        let deep = start + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}"
        #expect(rewritten(deep) == nil)
        #expect(rewriting.rewrite(Array((start + "\"").utf8) + [0xC3, 0x28] + Array("\"}".utf8)) == nil)
    }

    @Test func `are named anew, with nothing left that speaks of the old ones`() throws {
        let body = Array(#"{"url":"http://127.0.0.1:20000/"}"#.utf8)
        let headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("ETag", "\"old\""), ("Content-Length", "\(body.count)"),
            ("Last-Modified", "Thu, 26 Nov 2026 09:00:00 GMT"), ("Content-Digest", "sha-256=:x:"), ("Digest", "x"),
            ("Cache-Control", "max-age=60"), ("Content-Encoding", "identity"), ("A2A-Version", "1.0"),
        ])
        let (fields, changed) = try #require(rewriting.rewrite(headers, body))
        #expect(
            fields["Content-Length"] == ["\(changed.count)"] && fields["ETag"] == [EntityTag(of: changed).description])
        #expect(fields["Last-Modified"] == headers["Last-Modified"] && fields["A2A-Version"] == ["1.0"])
        #expect(fields["Cache-Control"] == ["max-age=60"] && fields["Content-Type"] == ["application/json"])
        #expect(!fields.contains(name: "Content-Digest") && !fields.contains(name: "Digest"))
        for coding in ["gzip", "identity, br"] {
            #expect(rewriting.rewrite(["Content-Encoding": coding], body) == nil)
        }
    }

    @Test func `have two well-known places`() {
        for path in ["/.well-known/agent-card.json", "/.well-known/agent.json"] {
            #expect(CardRewriting.isCard(path: path))
        }
        for path in ["/", "/a/.well-known/agent.json", "/.well-known/agent-card.json/", "/.well-known/agent.json?x"] {
            #expect(!CardRewriting.isCard(path: path))
        }
    }
}
