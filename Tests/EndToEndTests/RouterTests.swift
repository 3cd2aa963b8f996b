import Testing

@Suite struct `Requests to agents` {
    @Test func `reach the agent that they name, by path and by host`() throws {
        try RoutedWorld.with { world in
            let (lease, _) = try world.session("alice", ["planner", "critic"])
            let answer = try world.call("POST", "/s/alice/critic/a/b?c=d", Array("hello".utf8))
            #expect(answer.status == 200)
            #expect(answer.json["agent"] == "alice/critic")
            #expect(answer.json["path"] == "/a/b?c=d")
            #expect(answer.json["length"] == 5)
            #expect(answer["x-agent"] == "alice/critic")
            #expect(answer["keep-alive"] == nil)
            let byHost = try world.get("/x", headers: [("Host", "planner.alice.localhost:\(world.routerPort)")])
            #expect(byHost.json["agent"] == "alice/planner")
            #expect(byHost.json["path"] == "/x")
            let slash = try world.get("/s/alice/planner?q", isAuthorized: false)
            #expect(slash.status == 308)
            #expect(slash["location"] == "/s/alice/planner/?q")
            expectProblem(try world.get("/s/alice/nobody/"), 404, "not-found")
            expectProblem(try world.get("/s/nobody/planner/"), 404, "not-found")
            expectProblem(try world.get("/"), 404, "not-found")
            expectProblem(
                try world.get("/s/alice/planner/", headers: [("Host", "evil.example")]), 421, "forbidden-host")
            // Another name for the same port, and then none.
            _ = try world.daemon.call("DELETE", "/v1/leases/\(lease["id"].int ?? 0)/agents/planner")
            expectProblem(try world.get("/s/alice/planner/"), 404, "not-found")
        }
    }

    @Test func `say what the router knows and nothing that a stranger made up`() throws {
        try RoutedWorld.with { world in
            _ = try world.session("alice", ["planner"])
            let answer = try world.get(
                "/s/alice/planner/",
                headers: [
                    ("X-Forwarded-For", "10.9.8.7"), ("X_Forwarded_For", "10.9.8.7"), ("Forwarded", "for=10.9.8.7"),
                    ("X-Forwarded-Prefix", "/evil"), ("A2A-Version", "1.0"), ("Connection", "X-Hop"), ("X-Hop", "1"),
                    ("X-Request-Id", "my-own"),
                ])
            let fields = answer.json["headers"].items.reduce(into: [String: [String]]()) { fields, pair in
                fields[pair[0].text?.lowercased() ?? "", default: []].append(pair[1].text ?? "")
            }
            #expect(fields["x-forwarded-for"] == ["127.0.0.1"])
            #expect(fields["x_forwarded_for"] == nil)
            #expect(fields["x-forwarded-prefix"] == ["/s/alice/planner"])
            #expect(fields["forwarded"] == ["for=127.0.0.1;host=\"127.0.0.1:\(world.routerPort)\";proto=http"])
            #expect(fields["a2a-version"] == ["1.0"])
            #expect(fields["x-hop"] == nil && fields["authorization"] == nil)
            #expect(fields["x-request-id"] == ["my-own"] && answer["x-request-id"] == "my-own")
        }
    }

    @Test func `are answered to whom the session belongs, and to nobody else`() throws {
        try RoutedWorld.with { world in
            let daemon = world.daemon
            func token(_ name: String) throws -> (String, String) {
                let made = try daemon.call("POST", "/v1/tokens", ["name": .text(name)])
                return ("Authorization", "Bearer \(made.json["token"].text ?? "")")
            }
            let (alices, bobs) = (try token("alice"), try token("bob"))
            let granted = try daemon.callTCP(
                "POST", "/v1/leases", ["session": "hers", "count": 1, "agents": ["planner"]], headers: [alices],
                isAuthorized: false)
            let agent = try RoutedAgent("hers", port: granted.json["ports"].ints[0], in: daemon.folder)
            #expect(try world.get("/s/hers/planner/", headers: [alices], isAuthorized: false).status == 200)
            #expect(try world.get("/s/hers/planner/").status == 200)
            expectProblem(
                try world.get("/s/hers/planner/", headers: [bobs], isAuthorized: false), 404, "not-found")
            let none = try world.get("/s/hers/planner/", isAuthorized: false)
            expectProblem(none, 401, "unauthorized")
            #expect(none["www-authenticate"]?.hasPrefix("Bearer") == true)
            let wrong = [("Authorization", "Bearer nobody")]
            expectProblem(try world.get("/s/hers/planner/", headers: wrong, isAuthorized: false), 401, "unauthorized")
            expectProblem(try world.get("/s/none/planner/", headers: wrong, isAuthorized: false), 401, "unauthorized")
            let own = [("Berth-Authorization", alices.1), ("Authorization", "Basic agents-own")]
            let passed = try world.get("/s/hers/planner/", headers: own, isAuthorized: false)
            #expect(passed.json["headers"].items.contains(["Authorization", "Basic agents-own"]))
            let cookie = ("Cookie", "a=b; berth_session=\(alices.1.dropFirst(7))")
            let byCookie = try world.get("/s/hers/planner/", headers: [cookie], isAuthorized: false)
            #expect(byCookie.json["headers"].items.contains(["Cookie", "a=b"]))
            let foreign = [cookie, ("Origin", "http://evil.example")]
            expectProblem(
                try world.call("POST", "/s/hers/planner/", [], headers: foreign, isAuthorized: false), 403,
                "forbidden-origin")
            // Nothing of what was refused came through.
            #expect(try agent.ask("/requests").json.items.filter { $0 == "/" }.count == 4)
        }
    }

    @Test func `are told why where nobody listens`() throws {
        try RoutedWorld.with { world in
            let lease = try world.daemon.granted("alice", 1, ["agents": ["planner"]])
            expectProblem(try world.get("/s/alice/planner/"), 502, "agent-unreachable")
            let agent = try RoutedAgent("late", port: lease["ports"].ints[0], in: world.daemon.folder)
            #expect(try world.get("/s/alice/planner/").status == 200)
            expectProblem(try world.get("/s/alice/planner/die"), 502, "agent-unreachable")
            agent.kill()
            expectProblem(try world.get("/s/alice/planner/"), 502, "agent-unreachable")
        }
    }

    @Test func `are framed as each side wants it`() throws {
        try RoutedWorld.with { world in
            _ = try world.session("alice", ["planner"])
            let connection = try world.endpoint.connect()
            defer { connection.close() }
            // Sent ahead, answered in turn.
            let head = "Host: \(world.endpoint.host)\r\nAuthorization: \(world.bearer.1)\r\n"
            try connection.send(
                "GET /s/alice/planner/1 HTTP/1.1\r\n\(head)\r\nPOST /s/alice/planner/2 HTTP/1.1\r\n\(head)"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
                    + "HEAD /s/alice/planner/3 HTTP/1.1\r\n\(head)\r\nGET /s/alice/planner/empty HTTP/1.1\r\n\(head)\r\n"
                    + "GET /s/alice/planner/endless HTTP/1.1\r\n\(head)\r\n")
            #expect(try connection.receive().json["path"] == "/1")
            let second = try connection.receive()
            #expect(second.json["path"] == "/2" && second.json["length"] == 6)
            let third = try connection.receive(headOnly: true)
            #expect(third.status == 200 && third["content-length"] != nil)
            #expect(try connection.receive().status == 204)
            let fifth = try connection.receive()
            #expect(fifth["transfer-encoding"] == "chunked" && fifth.text == "until the end")
            try connection.send("GET /s/alice/planner/endless HTTP/1.0\r\n\(head)\r\n")
            let old = try connection.receive()
            #expect(old["transfer-encoding"] == nil && old.text == "until the end")
            for fields in [
                "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
            ] {
                let other = try world.endpoint.connect()
                try other.send("POST /s/alice/planner/ HTTP/1.1\r\n\(head)\(fields)\r\n")
                #expect(try other.receive().status == 400)
                other.close()
            }
        }
    }
}
