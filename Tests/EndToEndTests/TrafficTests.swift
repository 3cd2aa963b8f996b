import Testing

@Suite struct `Traffic of one principal` {
    private func call(_ daemon: Daemon, _ path: String = "/v1/pools") throws -> Response {
        try daemon.callTCP("GET", path)
    }

    @Test func `is let through, and counts nothing, unless it is bounded`() throws {
        try withDaemon { daemon in
            for _ in 0..<300 { #expect(try call(daemon).status == 200) }
            let response = try call(daemon)
            #expect(response["ratelimit"] == nil && response["ratelimit-policy"] == nil)
        }
    }

    @Test func `is bounded by a rate, which each answer tells`() throws {
        let extra = ["--max-requests-per-second", "1", "--max-request-burst", "3"]
        try withDaemon(Daemon.Setup(extra: extra)) { daemon in
            // The daemon's user has asked whether it is ready; the token has asked for nothing yet.
            let watch = Stopwatch()
            var responses: [Response] = []
            for _ in 0..<20 { responses.append(try call(daemon)) }
            let granted = responses.filter { $0.status == 200 }.count
            #expect(granted >= 3 && Double(granted) <= 4 + watch.seconds)
            for response in responses {
                #expect(response["ratelimit-policy"] == "\"requests\";q=3;w=3")
                #expect(response["ratelimit"]?.wholeMatch(of: /"requests";r=[0-3];t=[0-3]/) != nil, "\(response)")
            }
            let refused = try #require(responses.first { $0.status != 200 })
            expectProblem(refused, 429, "too-many-requests")
            #expect(refused["retry-after"] == "1")
            #expect(refused["ratelimit"]?.contains("r=0") == true)
            // What is open to anybody is so still, and costs nothing.
            for path in ["/livez", "/readyz", "/docs"] {
                let open = try call(daemon, path)
                #expect(open.status == 200 && open["ratelimit"] == nil, "\(path)")
            }
            // Another principal has a bucket of its own, and refusals tell what is left as well.
            let other = try daemon.call("GET", "/v1/nothing")
            expectProblem(other, 404, "not-found")
            #expect(other["ratelimit"]?.contains("r=2") == true, "\(other.headers)")
            #expect(try becomesTrue { try call(daemon).status == 200 })
        }
    }

    @Test func `has as many connections as are allowed, and another when one is closed`() throws {
        try withDaemon(Daemon.Setup(extra: ["--max-connections", "4"])) { daemon in
            let authorization = [("Authorization", "Bearer \(daemon.token)")]
            var open = try (0..<4).map { _ in try daemon.tcp.connect() }
            for connection in open {
                #expect(try connection.call("GET", "/v1/pools", headers: authorization).status == 200)
            }
            let further = try daemon.tcp.connect()
            let refused = try further.call("GET", "/v1/pools", headers: authorization)
            expectProblem(refused, 429, "too-many-requests")
            #expect(refused["retry-after"] != nil)
            #expect(try further.receiveRest().isEmpty)
            // The others go on, and a strange token is a matter of the token.
            for connection in open {
                #expect(try connection.call("GET", "/v1/pools", headers: authorization).status == 200)
            }
            #expect(try daemon.callTCP("GET", "/v1/pools", isAuthorized: false).status == 401)
            open.removeLast().close()
            #expect(try becomesTrue { try call(daemon).status == 200 })
        }
    }

    @Test func `on the socket is bounded before a request is read`() throws {
        try withDaemon(Daemon.Setup(extra: ["--max-connections", "4"])) { daemon in
            // Connections that asked whether the daemon is ready may not have gone yet.
            var idle: [Connection] = []
            #expect(
                try becomesTrue {
                    idle = try (0..<4).map { _ in try daemon.unix.connect() }
                    return idle.allSatisfy { (try? $0.call("GET", "/livez"))?.status == 200 }
                })
            let further = try daemon.unix.connect()
            // It says nothing, and is answered all the same.
            let refused = try further.receive()
            expectProblem(refused, 429, "too-many-requests")
            #expect(refused["retry-after"] != nil)
            #expect(try further.receiveRest().isEmpty)
            // The token's connections are the token's.
            #expect(try call(daemon).status == 200)
            for connection in idle { connection.close() }
            #expect(becomesTrue { (try? daemon.call("GET", "/livez"))?.status == 200 })
        }
    }
}
