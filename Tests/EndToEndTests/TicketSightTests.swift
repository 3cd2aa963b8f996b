import Glibc
import Testing

@Suite struct `The list of the line` {
    @Test func `goes page by page, in the order of the ids`() throws {
        try withDaemon(.init(poolSize: 1)) { daemon in
            try daemon.granted("a", 1)
            let ids = try (0..<5).compactMap { try daemon.queued("s\($0 % 2)", 1)["id"].int }
            #expect(ids.count == 5 && ids == ids.sorted())
            let page = try daemon.call("GET", "/v1/tickets?limit=2")
            #expect(page.status == 200 && page.json.members == ["tickets", "next_cursor"])
            #expect(page.json["tickets"].items.compactMap { $0["id"].int } == Array(ids[..<2]))
            #expect(page["link"]?.hasPrefix("</v1/tickets?") == true && page["link"]?.hasSuffix("rel=\"next\"") == true)
            let all = try daemon.all("/v1/tickets", "tickets", limit: 2)
            #expect(all.compactMap { $0["id"].int } == ids && all.map { $0["position"] } == [1, 2, 3, 4, 5])
            let last = try daemon.call("GET", "/v1/tickets?limit=5")
            #expect(last.json["next_cursor"] == .null && last["link"] == nil)
        }
    }

    @Test func `has those who wait, of one session or pool where that is asked`() throws {
        let ranges = [try PortRanges.take(1), try PortRanges.take(1)]
        let setup = Daemon.Setup(
            pools: zip(["default", "web"], ranges).map { "\($0)=\($1.lowerBound)-\($1.upperBound)" })
        try withDaemon(setup) { daemon in
            for pool in ["default", "web"] as [JSON] { try daemon.granted("a", 1, ["pool": pool]) }
            let left = try daemon.queued("b", 1)
            let (first, second) = (try daemon.queued("b/c", 1), try daemon.queued("b/c", 1, ["pool": "web"]))
            #expect(try daemon.leave(left).status == 204)
            let ids = { (query: String) in try daemon.line(query).map { $0["id"] } }
            #expect(try ids("") == [first["id"], second["id"]])
            #expect(try ids("?session=b%2Fc") == [first["id"], second["id"]])
            #expect(try ids("?session=b") == [])
            #expect(try ids("?pool=web") == [second["id"]])
            #expect(try ids("?pool=default&session=b/c") == [first["id"]])
            #expect(try ids("?pool=other") == [])
            // Each pool has a line of its own.
            #expect(try daemon.places([first, second]) == [1, 1])
            #expect(try daemon.pool("web")["waiting"] == 1)
        }
    }

    @Test func `refuses what is no parameter or no value of one`() throws {
        try withDaemon { daemon in
            for query in [
                "limit=0", "limit=1001", "limit=x", "cursor=x", "state=waiting", "sesion=a", "session=a%20b",
                "pool=UPPER", "session=a&session=b",
            ] {
                expectProblem(try daemon.call("GET", "/v1/tickets?" + query), 422, "invalid-field", "\(query)")
            }
        }
    }
}

@Suite struct `Who sees a ticket` {
    /// Calls as a user of the host who is no administrator, on a socket that lets that user in.
    private func callAsNobody(
        _ daemon: Daemon, _ method: String, _ path: String, _ more: [String] = []
    ) throws -> (status: String, json: JSON) {
        chmod(daemon.folder.path, 0o755)
        chmod(daemon.socketPath, 0o666)
        let number = try TemporaryFolder.names(in: daemon.folder.path).count
        let child = try ChildProcess(
            [
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "--silent", "--max-time", "20",
                "--unix-socket", daemon.socketPath, "--request", method, "--write-out", "\n%{http_code}",
            ] + more + ["http://localhost\(path)"],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], log: daemon.folder.file("curl-\(number)"))
        guard try child.wait(within: 30) == .exited(0) else { throw HarnessError("curl: \(child.errors)") }
        let lines = child.output.split(separator: "\n", omittingEmptySubsequences: false)
        let body = lines.dropLast().joined(separator: "\n")
        return (String(lines.last ?? ""), try body.isEmpty ? .null : JSON(parsing: body.utf8))
    }

    @Test(.enabled(if: getuid() == 0, "only root can call as somebody else"))
    func `is who made it, and an administrator`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            let mine = try daemon.queued("b", 1)
            let wish = [
                "--header", "Prefer: respond-async", "--header", "Content-Type: application/json", "--data",
                "{\"session\": \"n\", \"count\": 1}",
            ]
            let theirs = try callAsNobody(daemon, "POST", "/v1/leases", wish)
            #expect(theirs.status == "202" && theirs.json["principal"] == "uid:65534", "\(theirs)")
            // They see how long the line is, and nothing of who stands there.
            #expect(theirs.json["position"] == 2)
            for path in ["/v1/tickets/\(mine["id"].int ?? 0)", "/v1/tickets/\(mine["id"].int ?? 0)?wait=1"] {
                let hidden = try callAsNobody(daemon, "GET", path)
                #expect(hidden.status == "404" && hidden.json["code"] == "not-found", "\(hidden)")
            }
            #expect(try callAsNobody(daemon, "DELETE", "/v1/tickets/\(mine["id"].int ?? 0)").status == "404")
            #expect(try callAsNobody(daemon, "DELETE", "/v1/sessions/b").status == "404")
            let list = try callAsNobody(daemon, "GET", "/v1/tickets").json["tickets"].items
            #expect(list.map { $0["id"] } == [theirs.json["id"]])
            #expect(try daemon.places([mine, theirs.json]) == [1, 2])
            #expect(try daemon.leave(theirs.json).status == 204)
            let ended = try callAsNobody(daemon, "GET", "/v1/tickets/\(theirs.json["id"].int ?? 0)")
            #expect(ended.json["state"] == "cancelled", "\(ended)")
        }
    }

    @Test func `is the administrator's token too`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            let mine = try daemon.queued("b", 1)
            let wish: JSON = ["session": "c", "count": 1]
            let other = try daemon.callTCP("POST", "/v1/leases", wish, headers: Daemon.respondAsync).json
            #expect(other["principal"] == "token:admin" && other["position"] == 2)
            let seen = try daemon.callTCP("GET", "/v1/tickets").json["tickets"].items
            #expect(seen.map { $0["id"] } == [mine["id"], other["id"]])
            let path = "/v1/tickets/\(mine["id"].int ?? 0)"
            for method in ["GET", "DELETE"] {
                expectProblem(try daemon.callTCP(method, path, isAuthorized: false), 401, "unauthorized")
            }
            #expect(try daemon.callTCP("DELETE", path).status == 204)
            #expect(try daemon.ticket(mine)["state"] == "cancelled")
        }
    }
}
