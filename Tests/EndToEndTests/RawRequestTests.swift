import Testing

@Suite struct `Raw bytes on a connection` {
    private func answer(_ daemon: Daemon, _ text: String, hangsUp: Bool = false) throws -> Response {
        let connection = try daemon.unix.connect()
        try connection.send(text)
        if hangsUp { connection.finishSending() }
        return try connection.receive()
    }

    @Test func `that are no HTTP are a malformed request`() throws {
        try withDaemon { daemon in
            for text in [
                "GARBAGE\r\n\r\n", "GET\r\n\r\n", "GET /livez HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n",
                "GET /livez HTTP/1.1\r\nHost localhost\r\n\r\n", "GET /livez HTTP/1.1\r\n: x\r\n\r\n",
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
                "GET /livez HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", "GET /li vez HTTP/1.1\r\nHost: a\r\n\r\n",
            ] {
                expectProblem(try answer(daemon, text), 400, "malformed-request", Comment(rawValue: text))
            }
            #expect(try daemon.call("GET", "/livez").status == 200)
        }
    }

    @Test func `with too much in the header are refused with 431`() throws {
        try withDaemon { daemon in
            let start = "GET /livez HTTP/1.1\r\nHost: localhost\r\n"
            let long = String(repeating: "x", count: 20_000)
            let many = (0..<400).map { "X-\($0): \(String(repeating: "y", count: 60))\r\n" }.joined()
            for text in [start + "X: \(long)\r\n\r\n", start + "\(long): x\r\n\r\n", start + many + "\r\n"] {
                expectProblem(
                    try answer(daemon, text), 431, "header-too-large", Comment(rawValue: "\(text.suffix(60))"))
            }
            let path = try answer(daemon, "GET /\(long) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect([404, 414, 431].contains(path.status))
            // Just within the bounds all is well.
            let fair = start + "X: \(String(repeating: "x", count: 12_000))\r\n\r\n"
            #expect(try answer(daemon, fair).status == 200)
        }
    }

    @Test func `that stop in the middle harm nobody`() throws {
        try withDaemon { daemon in
            for text in [
                "", "G", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Half: ",
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            ] {
                let connection = try daemon.unix.connect()
                if !text.isEmpty { try connection.send(text) }
                connection.finishSending()
                let rest = String(decoding: try connection.receiveRest(), as: UTF8.self)
                #expect(rest.isEmpty || rest.hasPrefix("HTTP/1.1 4"), "\(text) got \(rest)")
                #expect(try daemon.call("GET", "/livez").status == 200)
            }
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
        }
    }

    @Test func `in chunks are a body like any other`() throws {
        try withDaemon { daemon in
            let head = """
                POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n
                """
            let good = head + "e\r\n{\"session\":\"a\"\r\nb\r\n,\"count\":1}\r\n0\r\n\r\n"
            #expect(try answer(daemon, good).status == 201)
            expectProblem(try answer(daemon, head + "zz\r\n{}\r\n0\r\n\r\n"), 400, "malformed-request")
            let connection = try daemon.unix.connect()
            try connection.send(head)
            for _ in 0..<9 {
                // The daemon may have answered and hung up before all is sent.
                guard (try? connection.send("2000\r\n\(String(repeating: " ", count: 8192))\r\n")) != nil else { break }
            }
            expectProblem(try connection.receive(), 413, "payload-too-large")
        }
    }

    @Test func `over 64 KiB are refused, up to it taken`() throws {
        try withDaemon { daemon in
            let body = { (size: Int) in
                let start = Array("{\"session\":\"a\",\"count\":1".utf8)
                return start + [UInt8](repeating: 0x20, count: size - start.count - 1) + [UInt8(ascii: "}")]
            }
            #expect(try daemon.unix.connect().call("POST", "/v1/leases", body(65_536)).status == 201)
            let refused = try daemon.unix.connect().call("POST", "/v1/leases", body(65_537))
            expectProblem(refused, 413, "payload-too-large")
            let claim =
                "POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Content-Length: 999999999999\r\n\r\n"
            expectProblem(try answer(daemon, claim), 413, "payload-too-large")
            #expect(try daemon.all("/v1/leases?state=all", "leases").count == 1)
        }
    }

    @Test func `of several requests at once are answered in order`() throws {
        try withDaemon { daemon in
            let connection = try daemon.unix.connect()
            var bytes: [UInt8] = []
            for index in 0..<20 {
                let id = [("X-Request-Id", "r\(index)")]
                let body = try JSON.object(["session": "a", "count": 1]).encoded()
                bytes +=
                    index % 2 == 0
                    ? Connection.request("POST", "/v1/leases", body, headers: id, host: "localhost")
                    : Connection.request("GET", "/nothing", headers: id, host: "localhost")
            }
            try connection.send(bytes)
            for index in 0..<20 {
                let response = try connection.receive()
                #expect(response["x-request-id"] == "r\(index)")
                #expect(response.status == (index % 2 == 0 ? 201 : 404))
            }
        }
    }

    @Test func `one by one make a request all the same`() throws {
        try withDaemon { daemon in
            let connection = try daemon.unix.connect()
            for byte in Connection.request("GET", "/livez", host: "localhost") { try connection.send([byte]) }
            #expect(try connection.receive().status == 200)
        }
    }
}
