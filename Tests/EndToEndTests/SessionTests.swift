import Glibc
import Testing

@Suite struct `Sessions over HTTP` {
    @Test func `start with the first lease and end with the last`() throws {
        try withDaemon { daemon in
            let leases = [try daemon.granted("alice", 2), try daemon.granted("alice", 3)]
            let session = try daemon.call("GET", "/v1/sessions/alice").json
            #expect(
                session.members == ["name", "state", "principal", "created_at", "ended_at", "leases", "ports"])
            #expect(session["state"] == "active" && session["leases"] == 2 && session["ports"] == 5)
            #expect(isInstant(session["created_at"]) && session["ended_at"] == .null)
            _ = try daemon.release(leases[0])
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["ports"] == 3)
            _ = try daemon.release(leases[1])
            let ended = try daemon.call("GET", "/v1/sessions/alice").json
            #expect(ended["state"] == "ended" && isInstant(ended["ended_at"]))
            // The same name later is a new session.
            _ = try daemon.granted("alice", 1)
            #expect(try daemon.call("GET", "/v1/sessions/alice").json["state"] == "active")
            // The list has the newest of each name.
            #expect(try daemon.all("/v1/sessions", "sessions").count == 1)
            #expect(try daemon.all("/v1/sessions?state=ended", "sessions").isEmpty)
        }
    }

    @Test func `end with all their leases at once, again without effect`() throws {
        try withDaemon { daemon in
            let leases = try (0..<3).map { _ in try daemon.granted("team/a:1@x", 2) }
            let other = try daemon.granted("team", 1)
            let path = "/v1/sessions/team%2Fa%3A1%40x"
            #expect(try daemon.call("GET", path).json["leases"] == 3)
            #expect(try daemon.call("DELETE", path).status == 204)
            for lease in leases { #expect(try daemon.shown(lease)["state"] == "released") }
            #expect(try daemon.call("DELETE", path).status == 204)
            #expect(try daemon.shown(other)["state"] == "active")
            expectProblem(try daemon.call("GET", "/v1/sessions/nobody"), 404, "not-found")
            expectProblem(try daemon.call("DELETE", "/v1/sessions/nobody"), 404, "not-found")
            expectProblem(try daemon.call("GET", "/v1/sessions/a%20b"), 404, "not-found")
        }
    }

    @Test func `belong to the principal that started them`() throws {
        try withDaemon { daemon in
            _ = try daemon.granted("alice", 1)
            let foreign = try daemon.callTCP("POST", "/v1/leases", ["session": "alice", "count": 1])
            expectProblem(foreign, 403, "forbidden")
        }
    }

    @Test func `are limited in number and in ports`() throws {
        try withDaemon(.init(poolSize: 1100, extra: ["--max-sessions", "2"])) { daemon in
            for _ in 0..<3 { _ = try daemon.granted("a", 256) }
            _ = try daemon.granted("a", 232)
            let quota = try daemon.lease("a", 1)
            expectProblem(quota, 429, "quota-exceeded")
            #expect(quota["retry-after"] != nil)
            _ = try daemon.granted("b", 1)
            let limit = try daemon.lease("c", 1)
            expectProblem(limit, 429, "session-limit")
            #expect(limit["retry-after"] != nil)
            #expect(try daemon.lease("b", 1).status == 201)
            #expect(try daemon.call("DELETE", "/v1/sessions/a").status == 204)
            #expect(try daemon.lease("c", 1).status == 201)
        }
    }
}

@Suite struct `Pools and ports over HTTP` {
    @Test func `add up, whatever happens`() throws {
        try withDaemon(.init(poolSize: 20, quarantine: "600")) { daemon in
            let stranger = try Socket(family: AF_INET)
            try stranger.bind(.init(address: "127.0.0.1", port: daemon.low + 19))
            try stranger.listen()
            #expect(try daemon.portState(daemon.low + 19) == "foreign")
            _ = try daemon.granted("a", 4, ["first_port": .integer(daemon.low)])
            let short = try daemon.granted("b", 3, ["first_port": .integer(daemon.low + 4), "ttl_seconds": 1])
            #expect(try becomesTrue { try daemon.shown(short)["state"] == "expired" })
            let pool = try daemon.pool()
            #expect(
                pool.members == [
                    "name", "ranges", "exclude", "size", "free", "leased", "quarantined", "foreign",
                    "largest_free_block", "waiting", "max_block", "default_ttl_seconds", "quarantine_seconds", "queue",
                ])
            #expect(pool["ranges"] == [["first": .integer(daemon.low), "last": .integer(daemon.range.upperBound)]])
            #expect(pool["size"] == 20 && pool["free"] == 12 && pool["leased"] == 4 && pool["quarantined"] == 3)
            #expect(pool["foreign"] == 1 && pool["largest_free_block"] == 12 && pool["waiting"] == 0)
            #expect(pool["max_block"] == 256 && pool["default_ttl_seconds"] == 3600)
            #expect(pool["quarantine_seconds"] == 600)
            #expect(try daemon.call("GET", "/v1/pools").json["pools"] == [pool])
        }
    }

    @Test func `tell what each port is`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("a", 1)
            let held = try daemon.port(try #require(lease["first_port"].int))
            #expect(
                held.members == [
                    "port", "pool", "state", "lease", "listeners", "since", "reason", "rests_until", "last_lease",
                ])
            #expect(held["state"] == "leased" && held["lease"] == lease && held["pool"] == "default")
            let free = try daemon.port(daemon.range.upperBound)
            #expect(free["state"] == "free" && free["lease"] == .null && free["listeners"] == [])
            let apart = try daemon.port(7)
            #expect(apart["state"] == "unmanaged" && apart["pool"] == .null)
            for wrong in ["0", "65536", "-1", "abc", "%00"] {
                expectProblem(try daemon.call("GET", "/v1/ports/\(wrong)"), 404, "not-found")
            }
        }
    }
}
