import Testing

@Suite struct `Repeating a request with an Idempotency-Key` {
    private func key(_ text: String) -> [(String, String)] { [("Idempotency-Key", text)] }

    @Test func `gives the same answer, quoted or not`() throws {
        try withDaemon { daemon in
            let first = try daemon.lease("alice", 2, headers: key("\"k-1\""))
            #expect(first.status == 201 && first["idempotency-replayed"] == nil)
            for form in ["\"k-1\"", "k-1"] {
                let replay = try daemon.lease("alice", 2, headers: key(form))
                #expect(replay.status == 201 && replay.json == first.json)
                #expect(replay["idempotency-replayed"] == "true" && replay["location"] == first["location"])
            }
            #expect(try daemon.all("/v1/leases?state=all", "leases").count == 1)
        }
    }

    @Test func `shows an ended lease as it now stands, after a restart too`() throws {
        try withDaemon { daemon in
            let first = try daemon.lease("alice", 2, headers: key("k"))
            _ = try daemon.release(first.json)
            try daemon.restart()
            let replay = try daemon.lease("alice", 2, headers: key("k"))
            #expect(replay.status == 201 && replay["idempotency-replayed"] == "true")
            #expect(replay.json["id"] == first.json["id"] && replay.json["state"] == "released")
        }
    }

    @Test func `with another body is refused`() throws {
        try withDaemon { daemon in
            _ = try daemon.lease("alice", 2, headers: key("k"))
            expectProblem(try daemon.lease("alice", 3, headers: key("k")), 422, "idempotency-key-reused")
        }
    }

    @Test func `is scoped to principal, method and path`() throws {
        try withDaemon { daemon in
            let first = try daemon.lease("alice", 2, headers: key("k"))
            let body: JSON = ["session": "bob", "count": 2]
            let byToken = try daemon.callTCP("POST", "/v1/leases", body, headers: key("k"))
            #expect(byToken.status == 201 && byToken["idempotency-replayed"] == nil)
            #expect(byToken.json["id"] != first.json["id"] && byToken.json["principal"] == "token:admin")
            let renew = { try daemon.call("POST", "/v1/leases/\(first.json["id"].int ?? 0)/renew", headers: key("k")) }
            #expect(try renew()["idempotency-replayed"] == nil)
            let replay = try renew()
            #expect(replay.status == 200 && replay["idempotency-replayed"] == "true")
        }
    }

    @Test func `keeps nothing of a request that had no effect`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 3)
            expectProblem(try daemon.lease("b", 2, headers: key("k")), 503, "pool-exhausted")
            _ = try daemon.release(holder)
            #expect(try daemon.lease("b", 2, headers: key("k")).status == 201)
        }
    }

    @Test func `refuses what is no key`() throws {
        try withDaemon { daemon in
            let longest = String(repeating: "k", count: 255)
            #expect(try daemon.lease("alice", 1, headers: key(longest)).status == 201)
            for text in ["", "\"\"", "a b", "ä", longest + "k"] {
                expectProblem(try daemon.lease("alice", 1, headers: key(text)), 422, "invalid-field")
            }
        }
    }
}

@Suite struct `Naming a request` {
    @Test func `keeps a valid X-Request-Id and replaces any other`() throws {
        try withDaemon { daemon in
            for name in ["abc", "A.b_c:d-9", String(repeating: "x", count: 128)] {
                let reply = try daemon.call("GET", "/v1/leases", headers: [("X-Request-Id", name)])
                #expect(reply["x-request-id"] == name)
            }
            var made: Set<String> = []
            for name in ["", "a b", "ä", "<script>", String(repeating: "x", count: 129), nil] {
                let headers = name.map { [("X-Request-Id", $0)] } ?? []
                let given = try #require(try daemon.call("GET", "/v1/leases", headers: headers)["x-request-id"])
                #expect(given != name && !given.isEmpty)
                made.insert(given)
            }
            #expect(made.count == 6)
            let refused = try daemon.call("GET", "/nothing", headers: [("X-Request-Id", "mine")])
            #expect(refused.json["request_id"] == "mine")
            for (method, path) in [("GET", "/livez"), ("DELETE", "/v1/leases/1"), ("PATCH", "/v1/leases")] {
                #expect(try daemon.call(method, path)["x-request-id"]?.isEmpty == false)
            }
        }
    }
}
