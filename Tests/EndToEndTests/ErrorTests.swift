import Testing

@Suite struct `Refusing a request` {
    @Test func `has a page for every code`() throws {
        let codes = [
            "malformed-json", "malformed-request", "unauthorized", "forbidden", "forbidden-origin", "not-found",
            "method-not-allowed", "name-conflict", "port-unavailable", "lease-ended", "payload-too-large",
            "unsupported-media-type", "forbidden-host", "header-too-large", "invalid-field", "no-such-process",
            "idempotency-key-reused", "session-limit", "quota-exceeded", "too-many-requests",
            "pool-exhausted", "storage-unavailable",
        ]
        try withDaemon { daemon in
            for code in codes {
                let page = try daemon.callTCP("GET", "/problems/\(code)", isAuthorized: false)
                #expect(page.status == 200 && page.text.contains(code), Comment(rawValue: code))
                #expect(page["content-type"]?.hasPrefix("text/html") == true)
            }
            expectProblem(try daemon.call("GET", "/problems/none-of-these"), 404, "not-found")
        }
    }

    @Test func `names every member that is wrong, and unknown ones`() throws {
        try withDaemon { daemon in
            let refused = try daemon.call(
                "POST", "/v1/leases", ["session": "a b", "count": 0, "cuont": 2, "agents": "x", "labels": ["k": 1]])
            expectProblem(refused, 422, "invalid-field")
            let fields = Set(refused.json["errors"].items.compactMap { $0["field"].text })
            #expect(fields == ["session", "count", "cuont", "agents", "labels"])
            for body in [[:], ["session": "a"], ["count": 1], [], 7, "x", nil, true] as [JSON] {
                expectProblem(try daemon.call("POST", "/v1/leases", body), 422, "invalid-field")
            }
            for count in [0, -1, 1.5, "6", true, nil, [1], 1e9, 65_536] as [JSON] {
                let response = try daemon.call("POST", "/v1/leases", ["session": "a", "count": count])
                expectProblem(response, 422, "invalid-field", "\(count)")
            }
            #expect(try daemon.all("/v1/leases?state=all", "leases").isEmpty)
        }
    }

    @Test func `refuses query parameters that a route does not have`() throws {
        try withDaemon { daemon in
            for path in [
                "/v1/leases/1?x=1", "/v1/pools?state=a", "/v1/pools/default?x", "/v1/ports/20000?atx=1",
                "/v1/sessions?sesion=a", "/v1/sessions/a?x=", "/livez?x", "/readyz?verbos", "/metrics?a", "/docs?a=b",
                "/openapi.json?v=2",
            ] {
                expectProblem(try daemon.call("GET", path), 422, "invalid-field", Comment(rawValue: path))
            }
            let body: JSON = ["session": "a", "count": 1]
            expectProblem(try daemon.call("POST", "/v1/leases?wait=1", body), 422, "invalid-field")
            expectProblem(try daemon.call("DELETE", "/v1/leases/1?force=1"), 422, "invalid-field")
        }
    }

    @Test func `takes ids and paths as they are meant`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("a", 1)
            for id in ["0", "-1", "01", "+1", "1.0", "abc", "99999999999999999999999", "1e0", "%31%00", "\(Int.max)"] {
                expectProblem(try daemon.call("GET", "/v1/leases/\(id)"), 404, "not-found", Comment(rawValue: id))
            }
            #expect(try daemon.shown(lease)["state"] == "active")
            for path in [
                "/", "/v1", "/v1/nothing", "/v2/leases", "/v1/leases/1/2", "/V1/leases", "/v1/leases/1/renews",
            ] {
                expectProblem(try daemon.call("GET", path), 404, "not-found", Comment(rawValue: path))
            }
        }
    }

    @Test func `says which methods a path has`() throws {
        try withDaemon { daemon in
            let table: [(String, String, Set<String>)] = [
                ("PATCH", "/v1/leases", ["GET", "HEAD", "POST"]), ("POST", "/v1/leases/1", ["GET", "HEAD", "DELETE"]),
                ("GET", "/v1/leases/1/renew", ["POST"]), ("POST", "/v1/leases/1/agents/a", ["PUT", "DELETE"]),
                ("DELETE", "/v1/pools", ["GET", "HEAD"]), ("PUT", "/v1/sessions/a", ["GET", "HEAD", "DELETE"]),
                ("POST", "/livez", ["GET", "HEAD"]), ("OPTIONS", "/v1/ports/20000", ["GET", "HEAD"]),
            ]
            for (method, path, allowed) in table {
                let refused = try daemon.call(method, path)
                expectProblem(refused, 405, "method-not-allowed", "\(method) \(path)")
                let told = Set((refused["allow"] ?? "").split(separator: ",").map { $0.trimmingPrefix(" ") })
                #expect(told == Set(allowed.map { $0[...] }), "\(method) \(path)")
            }
        }
    }

    @Test func `answers HEAD as GET without the body`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("a", 1)
            for path in ["/livez", "/readyz", "/v1/leases", "/v1/leases/1", "/v1/pools", "/openapi.json", "/nothing"] {
                let connection = try daemon.unix.connect()
                let get = try connection.call("GET", path)
                let head = try connection.call("HEAD", path)
                #expect(head.status == get.status && head["content-type"] == get["content-type"])
                // The connection is still in step: no body followed.
                #expect(try connection.call("GET", "/livez").status == 200)
            }
        }
    }

    @Test func `takes a body as JSON or not at all`() throws {
        try withDaemon { daemon in
            let body = Array("{\"session\":\"a\",\"count\":1}".utf8)
            let post = { (body: [UInt8], type: String?) in
                let connection = try daemon.unix.connect()
                let type = [("Content-Type", type ?? "application/json")]
                return try connection.call("POST", "/v1/leases", body, headers: type)
            }
            for type in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", "", "json", "*/*"] {
                expectProblem(try post(body, type), 415, "unsupported-media-type", Comment(rawValue: type))
            }
            for type in ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=utf-8"] {
                #expect(try post(body, type).status == 201, Comment(rawValue: type))
            }
            let malformed = [
                "", "{", "{\"session\":", "{'session':'a'}", "{\"session\":\"a\",\"count\":1}x", "[", "nul", "{\"a\"}",
                String(repeating: "[", count: 20_000), String(repeating: "{\"a\":", count: 9000), "\u{0}",
            ]
            for text in malformed {
                expectProblem(
                    try post(Array(text.utf8), nil), 400, "malformed-json", Comment(rawValue: "\(text.prefix(40))"))
            }
            let text = Array("{\"session\":\"".utf8) + [0xc3, 0x28] + Array("\",\"count\":1}".utf8)
            for bytes in [[0xff, 0xfe], text] {
                let refused = try post(bytes, nil)
                #expect([400, 422].contains(refused.status), "\(refused)")
            }
            for number in ["1e400", "-1e400", "99999999999999999999999999", "1e-400", "0.1e1x", "-0", "1E99999999"] {
                let response = try post(Array("{\"session\":\"a\",\"count\":\(number)}".utf8), nil)
                #expect([400, 422].contains(response.status), "\(number): \(response)")
            }
        }
    }
}
