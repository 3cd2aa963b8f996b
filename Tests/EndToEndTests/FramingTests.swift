import Testing

/// Requests about whose end two programs could differ.
@Suite struct `Where a request ends` {
    private static let body = #"{"session":"s","count":1}"#
    private static let chunked = "Transfer-Encoding: chunked"
    private static let length = "Content-Length: \(body.utf8.count)"
    private static let inChunks = "19\r\n\(body)\r\n0\r\n\r\n"
    private static let next = "GET /livez HTTP/1.1\r\n{fields}X-Request-Id: next\r\n\r\n"

    /// A POST with these fields and what stands behind them.
    private static func post(_ fields: [String], _ body: String = body, version: String = "1.1") -> String {
        let head =
            "POST /v1/leases HTTP/\(version)\r\n{fields}X-Request-Id: first\r\nContent-Type: application/json\r\n"
        return head + fields.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }

    /// Sends the request and another one behind it.
    private func answers(_ text: String, _ entrance: (endpoint: Endpoint, fields: String)) throws -> Answers {
        let text = (text + Self.next).replacing("{fields}", with: entrance.fields)
        return try Answers(to: Array(text.utf8), at: entrance.endpoint)
    }

    private static let ambiguous: [String] = [
        // Both lengths, several, none that is one.
        post([length, chunked], inChunks), post([chunked, length], inChunks), post([length, length]),
        post(["\(length), \(body.utf8.count)"]), post([length, "Content-Length: 5"]), post(["Content-Length: +25"]),
        post(["Content-Length: -1"]), post(["Content-Length: 0x19"]), post(["Content-Length: 2 5"]),
        post(["Content-Length:"]), post(["Content-Length: 99999999999999999999"]), post(["Content-Length : 25"]),
        post(["Content-Length:\r\n 25"]), post(["Content-Length: 25\u{0}"]),
        // Codings that are not chunked, or not in the end, or spelt so that only some see it.
        post(["Transfer-Encoding: chunked, gzip"], inChunks), post(["Transfer-Encoding: gzip"], inChunks),
        post(["Transfer-Encoding: identity"]), post(["Transfer-Encoding: identity", length]),
        post([chunked, chunked], inChunks),
        post(["Transfer-Encoding: chunked, chunked"], inChunks), post(["Transfer-Encoding: xchunked"], inChunks),
        post(["Transfer-Encoding: \"chunked\""], inChunks), post(["Transfer-Encoding: chunked;q=1"], inChunks),
        post(["Transfer-Encoding:\r\n chunked"], inChunks), post(["Transfer-Encoding: \u{B}chunked"], inChunks),
        post(["Transfer-Encoding: chunked\u{0}"], inChunks), post(["Transfer-Encoding : chunked"], inChunks),
        // Chunks whose size is none, or another one.
        post([chunked], "10000000000000000\r\n\(body)\r\n0\r\n\r\n"), post([chunked], "-1\r\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "+19\r\n\(body)\r\n0\r\n\r\n"), post([chunked], "0x19\r\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "19 \r\n\(body)\r\n0\r\n\r\n"), post([chunked], " 19\r\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "\r\n\(body)\r\n0\r\n\r\n"), post([chunked], "5\r\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "1a\r\n\(body)\r\n0\r\n\r\n"), post([chunked], "19\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "19\r\n\(body)\n0\r\n\r\n"), post([chunked], "19\r\(body)\r\n0\r\n\r\n"),
        post([chunked], "19\r\n\(body)\r\n0\n\n"), post([chunked], "19;a\nb\r\n\(body)\r\n0\r\n\r\n"),
        post([chunked], "19;a=\"\r\n\(body)\r\n0\r\n\r\n"), post([chunked], "19\r\n\(body)\r\n0\r\nX Y: z\r\n\r\n"),
        post([chunked], "19\r\n\(body)\r\n0\r\nContent-Length: 5\r\n\r\n"),
        // Lines that end, go on or begin in ways that only some see.
        post([length, "X: a\r\n b"]), post([length, "X: a\rb"]), post([length, "X: a\u{0}b"]),
        post([length, "X\u{0}: a"]),
        post([length, "X: a\u{1}b"]), post([length, " X: a"]), post([length, "Xa"]), post([length, ": a"]),
        post([length]).replacing("\r\n\r\n", with: "\n\n"), post([length]).replacing("\r\n", with: "\n"),
        post([length], version: "1.2"), post([length], version: "2.0"), post([length], version: "0.9"),
        post([length]).replacing("POST ", with: " POST "), post([length]).replacing("POST ", with: "POST\t"),
    ]

    @Test func `is refused where it could be elsewhere, and nothing behind it is read`() throws {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                for text in Self.ambiguous {
                    let answers = try answers(text, entrance)
                    let note = Comment(rawValue: "\(answers) to \(text)")
                    #expect(answers.fault == nil && answers.responses.count == 1, note)
                    guard let refusal = answers.responses.first else { continue }
                    expectProblem(refusal, 400, "malformed-request", note)
                    #expect(refusal["connection"] == "close", note)
                }
            }
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
            #expect(try daemon.call("GET", "/readyz").status == 200)
        }
    }

    @Test func `is where everybody sees it, in a request that is well formed`() throws {
        let fine = [
            Self.post([Self.length]), Self.post(["Content-Length: 00025"]), Self.post([Self.chunked], Self.inChunks),
            Self.post(["transfer-encoding: CHUNKED"], Self.inChunks),
            Self.post([Self.chunked], "19;a=b\r\n\(Self.body)\r\n0\r\nX-Trailer: y\r\n\r\n"),
            "\r\n\r\n" + Self.post([Self.length]), Self.post([Self.length, "Expect: 100-continue"]),
        ]
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                for text in fine {
                    let answers = try answers(text, entrance)
                    let note = Comment(rawValue: "\(answers) to \(text)")
                    #expect(answers.fault == nil && answers.statuses == [201, 200], note)
                    #expect(answers.ids == ["first", "next"], note)
                }
                // It belongs to whom the entrance stands for.
                #expect(try daemon.call("DELETE", "/v1/sessions/s").status == 204)
            }
        }
    }

    @Test func `is the connection's end too, where the client says so or parsers could differ on what follows`() throws
    {
        let last = [
            Self.post([Self.length, "Connection: close"]), Self.post([Self.length, "Connection: keep-alive, Close"]),
            Self.post([Self.length], version: "1.0"), Self.post([Self.chunked], Self.inChunks, version: "1.0"),
            Self.post([Self.length, "Connection: Upgrade", "Upgrade: websocket"]),
            Self.post([Self.length, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]),
            Self.post(["Transfer-Encoding:", Self.length]),
            Self.post(["Transfer-Encoding: gzip, chunked"], Self.inChunks),
        ]
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                for text in last {
                    let answers = try answers(text, entrance)
                    let note = Comment(rawValue: "\(answers) to \(text)")
                    #expect(answers.fault == nil && answers.statuses == [201], note)
                    #expect(answers.responses.first?["connection"] == "close", note)
                }
                #expect(try daemon.call("DELETE", "/v1/sessions/s").status == 204)
            }
        }
    }

    @Test func `is what must have come before anything is done`() throws {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                let lease = try daemon.granted("s", 1, ["ttl_seconds": 600])
                let path = "/v1/leases/\(try #require(lease["id"].int))"
                let cut = [
                    // All that is needed is there, but the request does not end with it.
                    Self.post(["Content-Length: 30"]), Self.post([Self.chunked], "19\r\n\(Self.body)\r\n"),
                    Self.post([Self.chunked], "19\r\n\(Self.body)\r\n0\r\n"),
                    Self.post([Self.chunked], "19\r\n\(Self.body)\r\n0\r\nX Y: z\r\n\r\n"),
                    "DELETE \(path) HTTP/1.1\r\n{fields}Content-Length: 2\r\n\r\n{",
                    "DELETE \(path) HTTP/1.1\r\n{fields}\(Self.chunked)\r\n\r\n2\r\n{}\r\n",
                    "POST \(path)/renew HTTP/1.1\r\n{fields}Content-Length: 20\r\n\r\n",
                    "POST \(path)/renew HTTP/1.1\r\n{fields}\(Self.chunked)\r\n\r\n",
                ]
                for text in cut {
                    let bytes = Array(text.replacing("{fields}", with: entrance.fields).utf8)
                    let answers = try Answers(to: bytes, at: entrance.endpoint)
                    #expect(answers.fault == nil && answers.statuses == [400], "\(answers) to \(text)")
                }
                #expect(try daemon.all("/v1/leases", "leases") == [lease])
                #expect(try daemon.release(lease).status == 204)
            }
        }
    }

    @Test func `may be anywhere that a client stops: what was whole is answered, the rest is refused`() throws {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                let whole = [Self.post([Self.length]), Self.next].map {
                    $0.replacing("{fields}", with: entrance.fields)
                }
                let bytes = Array(whole.joined().utf8)
                for length in 0...bytes.count {
                    let complete = length < whole[0].utf8.count ? 0 : length < bytes.count ? 1 : 2
                    let isCut = length != 0 && length != whole[0].utf8.count && length != bytes.count
                    let answers = try Answers(to: Array(bytes[..<length]), at: entrance.endpoint)
                    let expected = [201, 200].prefix(complete) + (isCut ? [400] : [])
                    #expect(
                        answers.fault == nil && answers.statuses == Array(expected), "\(length) of \(bytes.count) bytes"
                    )
                    let lease = answers.responses.first { $0.status == 201 }?.json["id"].int
                    if let lease { #expect(try daemon.call("DELETE", "/v1/leases/\(lease)").status == 204) }
                }
            }
        }
    }

    @Test func `may be the end of all that a client sends: answers larger than any socket's buffer come whole`() throws
    {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                let request = "GET /openapi.json HTTP/1.1\r\n{fields}\r\n".replacing("{fields}", with: entrance.fields)
                let whole = try daemon.call("GET", "/openapi.json").body
                let answers = try Answers(to: Array(String(repeating: request, count: 8).utf8), at: entrance.endpoint)
                #expect(answers.fault == nil && answers.statuses == Array(repeating: 200, count: 8))
                #expect(answers.responses.allSatisfy { $0.body == whole })
            }
        }
    }

    @Test func `of a broken one among others is the end of all: those before it are answered, in order`() throws {
        try withDaemon { daemon in
            for entrance in daemon.entrances {
                for position in 0..<6 {
                    let requests = (0..<6).map { index in
                        let id = "X-Request-Id: r\(index)\r\n"
                        return index == position
                            ? "POST /v1/leases HTTP/1.1\r\n{fields}\(id)\(Self.length)\r\n\(Self.chunked)\r\n\r\n\(Self.body)"
                            : index % 2 == 0
                                ? Self.post([Self.length]).replacing("X-Request-Id: first\r\n", with: id)
                                : "GET /v1/leases HTTP/1.1\r\n{fields}\(id)\r\n"
                    }
                    let text = requests.joined().replacing("{fields}", with: entrance.fields)
                    let answers = try Answers(to: Array(text.utf8), at: entrance.endpoint)
                    let before = (0..<position).map { $0 % 2 == 0 ? 201 : 200 }
                    #expect(answers.fault == nil && answers.statuses == before + [400], "\(position)")
                    #expect(answers.ids.dropLast() == (0..<position).map { "r\($0)" }[...], "\(position)")
                    #expect(try daemon.call("DELETE", "/v1/sessions/s").status < 500)
                }
            }
        }
    }
}
