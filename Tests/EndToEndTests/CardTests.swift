import Glibc
import Testing

@Suite struct `Agent cards through the router` {
    /// Serves a card on every path, with what a server says of a file, and tells what it was asked with.
    private static let agent = """
        import http.server, sys

        card = sys.argv[2].encode()

        class Agent(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                self.send_response(200)
                fields = [("Content-Type", "application/json"), ("Content-Length", str(len(card))), ("ETag", '"agents"'),
                          ("Last-Modified", "Thu, 26 Nov 2026 09:00:00 GMT"), ("Content-Digest", "sha-256=:x:"),
                          ("X-Asked", "%s %s" % (self.headers["Accept-Encoding"], self.headers["If-None-Match"]))]
                for name, value in fields:
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(card)

            do_HEAD = do_GET

        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Agent)
        print("up", flush=True)
        server.serve_forever()
        """
    private let place = "/s/alice/planner/.well-known/agent-card.json"

    /// A session with two agents, of which `planner` serves the card that `card` makes of the two ports.
    private func serving(
        _ card: (_ own: Int, _ neighbour: Int) -> String, _ body: (RoutedWorld) throws -> Void
    ) throws {
        try RoutedWorld.with { world in
            let lease = try world.daemon.granted("alice", 2, ["agents": ["planner", "critic"]])
            let port = try #require(lease["first_port"].int)
            let agent = try HostTool.start(
                ["python3", "-c", Self.agent, "\(port)", card(port, port + 1)], in: world.daemon.folder)
            guard becomesTrue(within: 30, { agent.output.contains("up") }) else { throw HarnessError(agent.errors) }
            try body(world)
        }
    }

    private func card(_ own: Int, _ neighbour: Int) -> String {
        """
        {"name": "Planner", "supportedInterfaces": [{"url": "http://127.0.0.1:\(own)/a2a", "protocolBinding": \
        "JSONRPC"}, {"url": "http://localhost:\(neighbour)"}, {"url": "http://127.0.0.1:1/"}], "signatures": [{}], \
        "url": "http://0.0.0.0:\(own)/", "x": 1.0}
        """
    }

    @Test func `say the URLs by which the client came`() throws {
        try serving(card) { world in
            let router = "127.0.0.1:\(world.routerPort)"
            let answer = try world.get(place)
            #expect(
                String(decoding: answer.body, as: UTF8.self) == """
                    {"name": "Planner", "supportedInterfaces": [{"url": "http://\(router)/s/alice/planner/a2a", \
                    "protocolBinding": "JSONRPC"}, {"url": "http://\(router)/s/alice/critic/"}, {"url": \
                    "http://127.0.0.1:1/"}], "url": "http://\(router)/s/alice/planner/", "x": 1.0}
                    """)
            #expect(answer["last-modified"] != nil && answer["content-digest"] == nil)
            #expect(try world.get("/s/alice/planner/a2a").status == 200)
            let host = "planner.alice.localhost:\(world.routerPort)"
            let byHost = try world.get("/.well-known/agent.json", headers: [("Host", host)]).json
            #expect(byHost["url"] == .text("http://\(host)/"))
            #expect(byHost["supportedInterfaces"][0]["url"] == .text("http://\(host)/a2a"))
            #expect(
                byHost["supportedInterfaces"][1]["url"]
                    == .text("http://critic.alice.localhost:\(world.routerPort)/"))
        }
    }

    @Test func `are compared as they become with what the client has`() throws {
        try serving(card) { world in
            let first = try world.get(place, headers: [("Accept-Encoding", "gzip"), ("If-None-Match", "\"agents\"")])
            let tag = try #require(first["etag"])
            #expect(first.status == 200 && tag != "\"agents\"" && first["x-asked"] == "identity None")
            let again = try world.get(place, headers: [("If-None-Match", "\"a,b\", W/\(tag)")])
            #expect(again.status == 304 && again.body.isEmpty && again["etag"] == tag)
            let head = try world.call("HEAD", place)
            #expect(head.status == 200 && head["etag"] == nil && head["content-length"] == nil)
        }
    }

    @Test func `and everything else pass as they are where there is nothing to change`() throws {
        let text = "{\"url\": \"http://example.com/\", \"signatures\": [ ]}"
        try serving({ _, _ in text }) { world in
            let answer = try world.get(place)
            #expect(String(decoding: answer.body, as: UTF8.self) == text)
            #expect(answer["etag"] == "\"agents\"" && answer["content-digest"] == "sha-256=:x:")
        }
        try serving(card) { world in
            let other = try world.get("/s/alice/planner/card", headers: [("If-None-Match", "\"x\"")])
            #expect(other["x-asked"] == "None \"x\"" && other["etag"] == "\"agents\"")
            #expect(other.json["signatures"] == [[:]])
        }
    }
}
