import Testing

@Suite struct `Tokens` {
    @Test func `let their bearers in over TCP, each a principal of its own`() throws {
        try withDaemon { daemon in
            let (ci, dev) = (try daemon.createdToken("ci"), try daemon.createdToken("dev"))
            #expect(ci.wholeMatch(of: /[A-Za-z0-9_-]{43}/) != nil && ci != dev)
            let lease = try daemon.call(withToken: ci, "POST", "/v1/leases", ["session": "build", "count": 2])
            #expect(lease.status == 201 && lease.json["principal"] == "token:ci")
            let path = "/v1/leases/\(lease.json["id"].int ?? 0)"
            expectProblem(try daemon.call(withToken: dev, "GET", path), 404, "not-found")
            #expect(try daemon.call(withToken: dev, "GET", "/v1/leases").json["leases"] == [])
            #expect(try daemon.call(withToken: ci, "GET", path).status == 200)
            expectProblem(try daemon.call(withToken: ci, "GET", "/v1/tokens"), 403, "forbidden")
        }
    }

    @Test func `have a place, a state and terms, and no secret that is told twice`() throws {
        try withDaemon { daemon in
            let body: JSON = ["name": "ci", "max_ports": 50, "ttl_seconds": 7_776_000]
            let created = try daemon.call("POST", "/v1/tokens", body)
            #expect(created.status == 201 && created["location"] == "/v1/tokens/ci")
            #expect(created["cache-control"] == "no-store")
            let secret = try #require(created.json["token"].text)
            let shown = try daemon.call("GET", "/v1/tokens/ci")
            #expect(!shown.text.contains(secret))
            let token = shown.json
            #expect(
                token.members == [
                    "name", "principal", "state", "max_ports", "allow_pids", "created_at", "created_by", "expires_at",
                    "revoked_at",
                ])
            #expect(token["principal"] == "token:ci" && token["state"] == "active" && token["max_ports"] == 50)
            #expect(token["allow_pids"] == false && token["revoked_at"] == .null && isInstant(token["expires_at"]))
            #expect(try daemon.all("/v1/tokens", "tokens") == [token])
            #expect(try daemon.call("DELETE", "/v1/tokens/ci").status == 204)
            #expect(try daemon.call("DELETE", "/v1/tokens/ci").status == 204)
            #expect(try daemon.all("/v1/tokens", "tokens") == [])
            let ended = try daemon.all("/v1/tokens?state=ended", "tokens")
            #expect(ended.count == 1 && ended[0]["state"] == "revoked" && isInstant(ended[0]["revoked_at"]))
            expectProblem(try daemon.call("DELETE", "/v1/tokens/nobody"), 404, "not-found")
            expectProblem(try daemon.call("GET", "/v1/tokens/NOBODY"), 404, "not-found")
        }
    }

    @Test func `are refused with what is wrong with the wish`() throws {
        try withDaemon { daemon in
            for body in [
                [:], ["name": "CI"], ["name": "admin"], ["name": "ci", "max_ports": 0], ["name": "ci", "max_port": 5],
                ["name": "ci", "ttl_seconds": 0], ["name": "ci", "ttl_seconds": "90d"],
                ["name": "ci", "max_ports": 65_536], ["name": "ci", "allow_pids": "yes"], [], 7,
            ] as [JSON] {
                expectProblem(try daemon.call("POST", "/v1/tokens", body), 422, "invalid-field", "\(body)")
            }
            _ = try daemon.createdToken("ci")
            expectProblem(try daemon.call("POST", "/v1/tokens", ["name": "ci"]), 409, "name-conflict")
            expectProblem(try daemon.call("GET", "/v1/tokens?state=revoked"), 422, "invalid-field")
        }
    }

    @Test func `are made once for a repeated request, whose answer does not tell the secret again`() throws {
        try withDaemon { daemon in
            let key = [("Idempotency-Key", "visit-1")]
            let first = try daemon.call("POST", "/v1/tokens", ["name": "ci"], headers: key)
            let again = try daemon.call("POST", "/v1/tokens", ["name": "ci"], headers: key)
            #expect(first.json["token"].text != nil && first["idempotency-replayed"] == nil)
            #expect(again.status == 201 && again["idempotency-replayed"] == "true")
            #expect(again.json.has("token") && again.json == first.json.with(["token": .null]))
            let other = try daemon.call("POST", "/v1/tokens", ["name": "other"], headers: key)
            expectProblem(other, 422, "idempotency-key-reused")
        }
    }

    @Test func `hold their bearers to their quota`() throws {
        try withDaemon { daemon in
            let secret = try daemon.createdToken("ci", ["max_ports": 3])
            let lease = { (session: JSON, count: JSON) in
                try daemon.call(
                    withToken: secret, "POST", "/v1/leases", ["session": session, "count": count])
            }
            #expect(try lease("a", 2).status == 201)
            expectProblem(try lease("b", 2), 429, "quota-exceeded")
            #expect(try lease("b", 1).status == 201)
        }
    }

    @Test func `let nobody name a process, unless they were made for it`() throws {
        try withDaemon { daemon in
            let pid = JSON.integer(Int(daemon.process?.id ?? 0))
            for (name, status) in [("with", 201), ("without", 403)] {
                let secret = try daemon.createdToken(name, ["allow_pids": .bool(status == 201)])
                let body: JSON = ["session": .text(name), "count": 1, "owner_pid": pid]
                #expect(try daemon.call(withToken: secret, "POST", "/v1/leases", body).status == status, "\(name)")
            }
        }
    }

    @Test func `outlive a kill, and revoked ones stay revoked`() throws {
        try withDaemon { daemon in
            let (kept, gone) = (try daemon.createdToken("kept"), try daemon.createdToken("gone"))
            #expect(try daemon.call("DELETE", "/v1/tokens/gone").status == 204)
            try daemon.restart()
            #expect(try daemon.call(withToken: kept, "GET", "/v1/leases").status == 200)
            expectProblem(try daemon.call(withToken: gone, "GET", "/v1/leases"), 401, "unauthorized")
        }
    }

    @Test func `end the streams of their bearers when they are revoked`() throws {
        try withDaemon { daemon in
            let secret = try daemon.createdToken("ci")
            let connection = try daemon.tcp.connect()
            defer { connection.close() }
            try connection.send(
                Connection.request(
                    "GET", "/v1/events", headers: [("Authorization", "Bearer \(secret)")], host: daemon.tcp.host))
            #expect(try connection.receive(headOnly: true).status == 200)
            #expect(try daemon.call("DELETE", "/v1/tokens/ci").status == 204)
            // The last chunk: the stream is over, and nothing of the revocation was told.
            let rest = String(decoding: try connection.receiveRest(until: "\r\n0\r\n\r\n"), as: UTF8.self)
            #expect(!rest.contains("token.revoked"))
        }
    }
}
