import BerthCore
import BerthTestSupport
import NIOCore
import NIOHTTP1
import Testing

@testable import BerthRouter

@Suite struct `Header fields on the way` {
    private static let own: Set<String> = [
        "Host", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
        "Forwarded",
    ]

    private func sent(
        _ fields: [(String, String)], _ method: String = "GET", framing: BodyFraming = .none,
        credential: Credential = .authorization, keepsAuthorization: Bool = false, upgrade: String? = nil,
        client: String = "127.0.0.1", isHeld: Bool = false
    ) throws -> HTTPHeaders {
        let head = RequestFields(
            origin: RequestFields.Origin(
                host: RequestHost("localhost:7118", client: client, scheme: "http", at: nil) { _, _ in true },
                prefix: "/s/alice/planner", requestID: "r-1"),
            framing: framing, credential: credential, keepsAuthorization: keepsAuthorization, upgrade: upgrade,
            isHeld: isHeld
        ).head(try Heads.request(fields, method), path: "/y", authority: "127.0.0.1:20000")
        #expect(String(buffer: head).hasPrefix("\(method) /y HTTP/1.1\r\nHost: 127.0.0.1:20000\r\n"))
        return try Heads.fields(of: head)
    }

    /// What an agent gets of one field that a client sent.
    private func passed(_ name: String, _ value: String) throws -> [String] {
        Self.own.contains(name) ? [] : try sent([(name, value)])[name]
    }

    @Test(arguments: [
        ("Connection", "close"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic eDp5"), ("TE", "gzip"), ("Transfer-Encoding", "chunked"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
        ("upgrade", "websocket"), ("Content-Length", "5"), ("Authorization", "Bearer x"),
        ("Berth-Authorization", "Bearer x"),
        ("X_Forwarded_For", "10.0.0.1"), ("x-forwarded-port", "80"), ("X-Forwarded-Anything", "1"),
        ("FORWARDED", "for=x"),
        ("Cookie", "berth_session=x"), ("X_Request_Id", "forged"),
    ])
    func `that are the router's business alone do not reach an agent`(name: String, value: String) throws {
        #expect(try passed(name, value).allSatisfy { $0 != value })
    }

    @Test(arguments: [
        ("A2A-Version", "1.0"), ("A2A-Extensions", "https://x.example/e"), ("Accept", "text/event-stream"),
        ("Content-Type", "application/json"), ("X-Anything", "y"), ("Expect", "100-continue"), ("Cookie", "a=b; c=d"),
        ("TE", "trailers"), ("Trailer", "X-Sum"), ("Sec-WebSocket-Key", "k"), ("Accept-Encoding", "gzip"),
    ])
    func `that are the agent's reach it`(name: String, value: String) throws {
        #expect(try passed(name, value) == [value])
    }

    @Test func `of whom the client speaks for are the router's own word`() throws {
        let fields = try sent([
            ("X-Forwarded-For", "10.9.8.7"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Prefix", "/evil"), ("Forwarded", "for=10.9.8.7;host=evil.example"), ("Host", "evil.example"),
            ("X-Request-Id", "forged"), ("Connection", "X-Forwarded-For, Forwarded, Host"),
        ])
        #expect(fields["host"] == ["127.0.0.1:20000"])
        #expect(fields["x-forwarded-for"] == ["127.0.0.1"])
        #expect(fields["x-forwarded-host"] == ["localhost:7118"])
        #expect(fields["x-forwarded-proto"] == ["http"])
        #expect(fields["x-forwarded-prefix"] == ["/s/alice/planner"])
        #expect(fields["forwarded"] == ["for=127.0.0.1;host=\"localhost:7118\";proto=http"])
        #expect(fields["x-request-id"] == ["r-1"])
        #expect(try sent([], client: "::1")["forwarded"] == ["for=\"[::1]\";host=\"localhost:7118\";proto=http"])
    }

    @Test func `that Connection names go no further`() throws {
        let fields = try sent([
            ("Connection", "x-hop, Close ,  X-Other"), ("X-Hop", "1"), ("x-other", "2"), ("X-Kept", "3"),
        ])
        #expect(fields["x-hop"].isEmpty && fields["x-other"].isEmpty && fields["connection"].isEmpty)
        #expect(fields["x-kept"] == ["3"])
    }

    @Test func `of another cookie stay, and of an Authorization that is the agent's`() throws {
        #expect(try sent([("Cookie", "a=b; berth_session=secret; c=d")])["cookie"] == ["a=b; c=d"])
        for other in ["xberth_session=1", "a=berth_session=1", "x\u{0600}=1"] {
            #expect(try sent([("Cookie", other)])["cookie"] == [other])
        }
        for own in ["berth_session=1", " berth_session = 1", "=berth_session=1", "berth_session=1; berth_session=2"] {
            #expect(try sent([("Cookie", own)])["cookie"].isEmpty, "\(own)")
        }
        // One octet after the other, whatever character they are.
        #expect(try sent([("Cookie", "x=\u{0600}; berth_session=secret")])["cookie"] == ["x=\u{0600}"])
        let authorization = try sent([("Authorization", "Basic eDp5")], credential: .ownField, keepsAuthorization: true)
        #expect(authorization["authorization"] == ["Basic eDp5"])
    }

    @Test func `frame the body anew`() throws {
        #expect(try sent([("Content-Length", "7")], "POST", framing: .length(7))["content-length"] == ["7"])
        #expect(try sent([], "POST", framing: .chunked)["transfer-encoding"] == ["chunked"])
        #expect(try sent([], "POST")["content-length"] == ["0"])
        #expect(try sent([])["content-length"].isEmpty)
    }

    @Test func `ask for another protocol where the client does`() throws {
        let fields = try sent([("Upgrade", "websocket"), ("Connection", "Upgrade")], upgrade: "websocket")
        #expect(fields["upgrade"] == ["websocket"])
        #expect(fields["connection"] == ["Upgrade"])
    }

    @Test func `that ask for a part are left out where the answer is read whole`() throws {
        let fields = try sent(
            [("Accept-Encoding", "gzip"), ("Range", "bytes=0-1"), ("If-None-Match", "\"x\""), ("Accept", "*/*")],
            isHeld: true)
        #expect(fields["accept-encoding"] == ["identity"] && fields["range"].isEmpty && fields["if-none-match"].isEmpty)
        #expect(fields["accept"] == ["*/*"])
    }

    @Test func `of trailers may say nothing of framing, of ways or of who asks`() throws {
        let trailers = try Heads.section([
            ("X-Sum", "1"), ("Content-Length", "5"), ("Host", "evil"), ("Authorization", "Bearer x"),
            ("X-Forwarded-For", "10.0.0.1"), ("Transfer-Encoding", "chunked"), ("Y", "2"),
        ])
        var out = ByteBuffer()
        trailers.writeTrailers(to: &out)
        #expect(String(buffer: out) == "X-Sum: 1\r\nY: 2\r\n")
    }

    @Test func `of answers lose what belongs to the agent's connection`() throws {
        let answer = try Heads.answer(
            "200 Fine, thanks",
            [
                ("Connection", "close, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
                ("Transfer-Encoding", "chunked"), ("Proxy-Authenticate", "Basic"), ("Content-Type", "text/plain"),
                ("Set-Cookie", "a=b"), ("Set-Cookie", "berth_session=evil"), ("X-Request-Id", "theirs"),
            ])
        let framing = try BodyFraming(of: answer, toHead: false).passed(toCurrent: true)
        let head = AnswerFields(requestID: "r-1", framing: framing, persistence: .keep, keepsLength: false).head(answer)
        #expect(String(buffer: head).hasPrefix("HTTP/1.1 200 Fine, thanks\r\n"))
        let fields = try Heads.fields(of: head)
        #expect(fields["set-cookie"] == ["a=b"])
        #expect(
            Set(fields.map { $0.name.lowercased() }) == [
                "content-type", "set-cookie", "x-request-id", "transfer-encoding",
            ])
        #expect(fields["x-request-id"] == ["r-1"])
        for own in ["berth_session=e; Path=/", "\tberth_session\t=e", "=berth_session=e", "berth_session=\u{0301}e"] {
            #expect(Credential.setsOwnCookie(own), "\(own)")
        }
        for other in ["berth_sessions=1", "x=1; berth_session=1", "x=berth_session=1", ""] {
            #expect(!Credential.setsOwnCookie(other), "\(other)")
        }
    }
}
