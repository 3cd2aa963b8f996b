import Testing

@Suite struct `Who may call` {
    @Test func `keeps its files to its own user`() throws {
        try withDaemon { daemon in
            for path in [daemon.socketPath, daemon.tokenFile, daemon.database, daemon.database + "-wal"] {
                #expect(TemporaryFolder.mode(path) == 0o600, "\(path)")
            }
            #expect(daemon.token.count == 43)
        }
    }

    @Test func `asks TCP for the token, and answers little without`() throws {
        try withDaemon { daemon in
            #expect(try daemon.callTCP("GET", "/v1/leases").status == 200)
            let none = try daemon.callTCP("GET", "/v1/leases", isAuthorized: false)
            expectProblem(none, 401, "unauthorized")
            #expect(none["www-authenticate"]?.hasPrefix("Bearer") == true)
            for value in ["Bearer nope", "Bearer \(daemon.token)x", "Basic \(daemon.token)", daemon.token, "Bearer"] {
                let wrong = try daemon.callTCP(
                    "GET", "/v1/leases", headers: [("Authorization", value)], isAuthorized: false)
                expectProblem(wrong, 401, "unauthorized", "\(value)")
            }
            for path in ["/livez", "/readyz", "/openapi.json", "/docs", "/problems/unauthorized"] {
                #expect(try daemon.callTCP("GET", path, isAuthorized: false).status == 200, "\(path)")
            }
            for path in ["/livez", "/readyz", "/openapi.json", "/docs", "/problems/unauthorized"] {
                let refused = try daemon.callTCP("POST", path, isAuthorized: false)
                expectProblem(refused, 405, "method-not-allowed", "\(path)")
                #expect(refused["allow"] == "GET, HEAD", "\(path)")
            }
            for path in ["/metrics", "/v1/pools", "/v1/sessions", "/nothing"] {
                #expect(try daemon.callTCP("GET", path, isAuthorized: false).status == 401, "\(path)")
            }
        }
    }

    @Test func `takes a token and a socket's user for two principals`() throws {
        try withDaemon { daemon in
            let lease = try daemon.callTCP("POST", "/v1/leases", ["session": "alice", "count": 1])
            #expect(lease.json["principal"] == "token:admin")
            expectProblem(try daemon.lease("alice", 1), 403, "forbidden")
        }
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "localhost.", "127.0.0.1.evil.example", "127.0.0.2", "[::1]",
        "user@localhost", "localhost:x", "localhost:99999", "localhost, evil.example", "0.0.0.0", "2130706433",
    ])
    func `refuses a Host that is not its own`(host: String) throws {
        try withDaemon { daemon in
            expectProblem(try daemon.callTCP("GET", "/v1/leases", headers: [("Host", host)]), 421, "forbidden-host")
        }
    }

    @Test func `takes every Host that is its own`() throws {
        try withDaemon(Daemon.Setup(extra: ["--allowed-host", "berth.test"])) { daemon in
            for host in ["localhost", "LOCALHOST", "127.0.0.1", "localhost:\(daemon.tcpPort)", "berth.test:80"] {
                let status = try daemon.callTCP("GET", "/v1/leases", headers: [("Host", host)]).status
                #expect(status == 200, "\(host)")
            }
        }
    }

    @Test func `refuses requests of other origins`() throws {
        try withDaemon { daemon in
            let own = "http://127.0.0.1:\(daemon.tcpPort)"
            #expect(try daemon.callTCP("GET", "/v1/leases", headers: [("Origin", own)]).status == 200)
            for origin in [
                "http://evil.example", "null", "https://127.0.0.1:\(daemon.tcpPort)", "http://127.0.0.1",
                "http://127.0.0.1:1", "\(own).evil.example", "\(own)/", "",
            ] {
                expectProblem(
                    try daemon.callTCP("GET", "/v1/leases", headers: [("Origin", origin)]), 403, "forbidden-origin",
                    "\(origin)")
            }
        }
    }
}
