import Testing

@Suite struct `Sessions of a daemon without templates` {
    @Test func `are not made from any`() throws {
        try withDaemon { daemon in
            let wish: JSON = ["session": "alice", "template": "fantasy-draft", "variables": ["league": "demo"]]
            let refusal = try daemon.call("POST", "/v1/sessions", wish)
            expectProblem(refusal, 404, "not-found")
            #expect(refusal.json["detail"].text?.contains("there are: none") == true)
            expectProblem(try daemon.call("GET", "/v1/sessions/alice"), 404, "not-found")
        }
    }

    @Test func `refuse wishes that are not well formed, with all that is wrong`() throws {
        try withDaemon { daemon in
            let wish: JSON = [
                "session": "a b", "template": "X", "variables": ["a": 1], "ttl_seconds": 0, "count": 6,
            ]
            let refusal = try daemon.call("POST", "/v1/sessions", wish)
            expectProblem(refusal, 422, "invalid-field")
            let fields = refusal.json["errors"].items.compactMap { $0["field"].text }
            #expect(fields == ["count", "session", "template", "variables", "ttl_seconds"])
            let empty = try daemon.call("POST", "/v1/sessions", [:])
            #expect(empty.json["errors"].items.compactMap { $0["field"].text } == ["session", "template"])
        }
    }

    @Test func `list the agents of their leases`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("team/a", 2, ["agents": ["web", "db"]])
            let first = try #require(lease["first_port"].int)
            let catalogue = try daemon.call("GET", "/v1/sessions/team%2Fa/agents").json
            #expect(catalogue["session"] == "team/a" && catalogue["agents"].items.count == 2)
            let web = catalogue["agents"].items[0]
            #expect(web.members == ["name", "port", "url", "pid", "state", "card_url"])
            #expect(web["name"] == "web" && web["port"].int == first && web["state"] == "reserved")
            #expect(web["url"] == .text("http://127.0.0.1:\(first)/") && web["pid"] == .null)
            #expect(web["card_url"] == .text("http://127.0.0.1:\(first)/.well-known/agent-card.json"))
            expectProblem(try daemon.call("GET", "/v1/sessions/nobody/agents"), 404, "not-found")
            _ = try daemon.release(lease)
            #expect(try daemon.call("GET", "/v1/sessions/team%2Fa/agents").json["agents"] == [])
        }
    }

    @Test func `keep no logs`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("alice", 1, ["agents": ["web"]])
            let path = "/v1/sessions/alice/agents/web/log"
            expectProblem(try daemon.call("GET", path), 404, "not-found")
            expectProblem(try daemon.call("GET", path + "?tail=1&after=2"), 422, "invalid-field")
            for query in ["tail=1048577", "tail=-1", "tail=x", "after=-1", "lines=3"] {
                expectProblem(try daemon.call("GET", "\(path)?\(query)"), 422, "invalid-field")
            }
            let command = try Invocation(["logs", "alice", "web", "--socket", daemon.socketPath], in: daemon.folder)
            #expect(command.code == 65 && command.errors.contains("made from no template"))
        }
    }

    @Test func `are told to the command line`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("alice", 2)
            let socket = ["--socket", daemon.socketPath]
            let list = try Invocation(["session", "ls"] + socket, in: daemon.folder)
            #expect(list.code == 0 && list.output.contains("alice"))
            let start = try Invocation(["session", "start", "none", "bob", "--var", "a=b"] + socket, in: daemon.folder)
            #expect(start.code == 65 && start.errors.contains("There is no template none"))
            #expect(start.output == "")
            let twice = try Invocation(
                ["session", "start", "t", "bob", "--var", "a=b", "--var", "a=c"] + socket, in: daemon.folder)
            #expect(twice.code == 64 && twice.errors.contains("given twice"))
            #expect(try Invocation(["session", "start", "T", "bob"] + socket, in: daemon.folder).code == 64)
            #expect(try Invocation(["session", "end", "alice"] + socket, in: daemon.folder).code == 0)
        }
    }
}
