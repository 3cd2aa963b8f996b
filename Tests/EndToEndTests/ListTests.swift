import Testing

@Suite struct `Listing leases and sessions` {
    @Test func `goes page by page with a cursor and a Link`() throws {
        try withDaemon { daemon in
            let ids = try (0..<7).compactMap { try daemon.granted("s\($0)", 1)["id"].int }
            var path: String? = "/v1/leases?state=active&limit=3"
            var pages: [[Int]] = []
            while let here = path {
                let page = try daemon.call("GET", here)
                #expect(page.status == 200 && page.json.members == ["leases", "next_cursor"])
                pages.append(page.json["leases"].items.compactMap { $0["id"].int })
                guard let cursor = page.json["next_cursor"].text else {
                    #expect(page["link"] == nil)
                    break
                }
                let link = try #require(page["link"])
                #expect(link.hasSuffix(">; rel=\"next\"") && link.hasPrefix("<") && link.contains("state=active"))
                #expect(link.contains(cursor.percentEncoded))
                path = String(link.dropFirst().prefix { $0 != ">" })
            }
            #expect(pages == [Array(ids[0..<3]), Array(ids[3..<6]), Array(ids[6...])])
            let all = try daemon.all("/v1/sessions", "sessions", limit: 2).compactMap { $0["name"].text }
            #expect(Set(all) == Set((0..<7).map { "s\($0)" }) && all.count == 7)
        }
    }

    @Test func `keeps to a page's bounds when it is full to the last`() throws {
        try withDaemon { daemon in
            for index in 0..<4 { _ = try daemon.granted("s\(index)", 1) }
            let page = try daemon.call("GET", "/v1/leases?limit=4")
            #expect(page.json["leases"].items.count == 4 && page.json["next_cursor"] == .null)
        }
    }

    /// 100 is a page: what has one page is printed as the daemon wrote it, what has more is put together.
    @Test(arguments: [0, 2, 100, 101])
    func `is printed whole by berth list --json, whether one page holds it or not`(count: Int) throws {
        try withDaemon(.init(poolSize: 110, extra: ["--max-sessions", "200"])) { daemon in
            for index in 0..<count { try daemon.granted("s\(index)", 1) }
            let list = try Invocation(["list", "--json", "--socket", daemon.socketPath], in: TemporaryFolder())
            #expect(list.code == 0 && list.errors == "" && list.output.hasSuffix("}\n"))
            let json = try list.json
            #expect(json.members == ["leases", "next_cursor"] && json["next_cursor"] == .null)
            #expect(try json["leases"].items == daemon.all("/v1/leases", "leases", limit: 1000))
            let other = try Invocation(
                ["list", "--json", "--session", "s0", "--socket", daemon.socketPath], in: TemporaryFolder())
            #expect(try other.json["leases"].items.count == min(count, 1))
        }
    }

    @Test func `filters by session, pool, state and port`() throws {
        try withDaemon { daemon in
            let ended = try daemon.granted("a/b", 2)
            _ = try daemon.release(ended)
            let live = try daemon.granted("a/b", 3)
            let other = try daemon.granted("c", 1)
            let ids = { (query: String) in
                try daemon.call("GET", "/v1/leases" + query).json["leases"].items.map { $0["id"] }
            }
            #expect(try ids("") == [live["id"], other["id"]])
            #expect(try ids("?state=active") == [live["id"], other["id"]])
            #expect(try ids("?state=ended") == [ended["id"]])
            #expect(try ids("?state=all") == [ended["id"], live["id"], other["id"]])
            #expect(try ids("?state=all&session=a%2Fb") == [ended["id"], live["id"]])
            #expect(try ids("?session=a/b") == [live["id"]])
            #expect(try ids("?pool=default&session=c") == [other["id"]])
            #expect(try ids("?pool=other") == [])
            #expect(try ids("?port=\(live["first_port"].int ?? 0)") == [live["id"]])
            #expect(try ids("?session=nobody") == [])
        }
    }

    @Test func `refuses what is no parameter or no value of one`() throws {
        try withDaemon { daemon in
            for query in [
                "limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "cursor=x", "cursor=",
                "cursor=YmVydGgxOi0x", "state=gone", "state=", "port=0", "port=65536", "port=abc", "sesion=a",
                "session=a%20b", "session=%FF", "session=%4", "pool=UPPER", "=x", "verbose",
            ] {
                expectProblem(try daemon.call("GET", "/v1/leases?" + query), 422, "invalid-field")
            }
        }
    }
}
