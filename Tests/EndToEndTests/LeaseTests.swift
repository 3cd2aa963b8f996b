import Glibc
import Testing

@Suite struct `Leasing a block over HTTP` {
    @Test func `answers 201 with its place and the whole lease`() throws {
        try withDaemon { daemon in
            let response = try daemon.lease("alice", 6, ["labels": ["repo": "draft"]])
            let lease = response.json
            #expect(response.status == 201)
            #expect(response["content-type"] == "application/json")
            #expect(response["location"] == "/v1/leases/\(lease["id"].int ?? 0)")
            #expect(
                lease.members == [
                    "id", "session", "name", "pool", "first_port", "count", "ports", "state", "principal", "owner",
                    "agents", "labels", "pinned", "created_at", "renewed_at", "expires_at", "ended_at", "end_reason",
                ])
            let first = try #require(lease["first_port"].int)
            #expect(lease["ports"].ints == Array(first..<first + 6))
            #expect(daemon.range.contains(first) && daemon.range.contains(first + 5))
            #expect(lease["session"] == "alice" && lease["pool"] == "default" && lease["count"] == 6)
            #expect(lease["state"] == "active" && lease["principal"] == .text("uid:\(getuid())"))
            #expect(lease["labels"] == ["repo": "draft"] && lease["agents"] == [] && lease["pinned"] == false)
            for member in ["name", "owner", "ended_at", "end_reason"] { #expect(lease[member] == .null) }
            for member in ["created_at", "renewed_at", "expires_at"] { #expect(isInstant(lease[member])) }
            #expect(try daemon.shown(lease) == lease)
        }
    }

    @Test func `never hands out a port twice, and ids only grow`() throws {
        try withDaemon { daemon in
            let leases = try (0..<8).map { try daemon.granted("s\($0)", 7) }
            let ports = leases.flatMap { $0["ports"].ints }
            #expect(Set(ports).count == 56)
            let ids = leases.compactMap { $0["id"].int }
            #expect(ids == ids.sorted() && Set(ids).count == 8)
        }
    }

    @Test func `releases once, however often it is asked`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 2)
            #expect(try daemon.release(lease).status == 204)
            let ended = try daemon.shown(lease)
            #expect(ended["state"] == "released" && isInstant(ended["ended_at"]))
            #expect(ended["end_reason"].text?.isEmpty == false)
            #expect(ended["ports"] == lease["ports"])
            let other = try daemon.granted("bob", 2, ["first_port": lease["first_port"]])
            #expect(try daemon.release(lease).status == 204)
            #expect(try daemon.shown(lease) == ended)
            #expect(try daemon.shown(other)["state"] == "active")
            expectProblem(try daemon.call("DELETE", "/v1/leases/999999"), 404, "not-found")
        }
    }

    @Test func `expires by its TTL, and its ports rest`() throws {
        try withDaemon(.init(quarantine: "600")) { daemon in
            let watch = Stopwatch()
            let lease = try daemon.granted("alice", 2, ["ttl_seconds": 1])
            let first = try #require(lease["first_port"].int)
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "expired" })
            #expect(watch.seconds >= 1)
            #expect(isInstant(try daemon.shown(lease)["ended_at"]))
            #expect(try daemon.portState(first) == "quarantined")
            expectProblem(try daemon.lease("bob", 2, ["first_port": .integer(first)]), 409, "port-unavailable")
            // The same holder may have it back at once.
            #expect(try daemon.granted("alice", 2)["first_port"] == lease["first_port"])
        }
    }

    @Test func `takes the TTL rules of the contract`() throws {
        try withDaemon { daemon in
            #expect(isInstant(try daemon.granted("a", 1)["expires_at"]))
            expectProblem(try daemon.lease("b", 1, ["ttl_seconds": nil]), 422, "invalid-field")
            let pinned = try daemon.granted("c", 1, ["ttl_seconds": nil, "pinned": true])
            #expect(pinned["expires_at"] == .null && pinned["pinned"] == true)
            for ttl in [0, -1, 1.5, "60", true, 1e30] as [JSON] {
                expectProblem(try daemon.lease("d", 1, ["ttl_seconds": ttl]), 422, "invalid-field")
            }
        }
    }

    @Test func `keeps the owner as one process and tells whether it lives`() throws {
        try withDaemon { daemon in
            let owner = try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file("owner"))
            let lease = try daemon.granted("alice", 1, ["owner_pid": .integer(Int(owner.id))])
            #expect(lease["expires_at"] == .null)
            #expect(lease["owner"]["pid"] == .integer(Int(owner.id)) && lease["owner"]["alive"] == true)
            #expect(isInstant(lease["owner"]["started_at"]))
            let both = try daemon.granted("bob", 1, ["owner_pid": .integer(Int(owner.id)), "ttl_seconds": 600])
            #expect(isInstant(both["expires_at"]))
            owner.kill()
            #expect(try becomesTrue { try daemon.shown(lease)["owner"]["alive"] == false })
            // The dead process is no owner any more.
            let gone = try daemon.lease("carol", 1, ["owner_pid": .integer(Int(owner.id))])
            expectProblem(gone, 422, "no-such-process")
            for pid in [0, -1, "1", 1.5, 4_000_000_000] as [JSON] {
                expectProblem(try daemon.lease("dave", 1, ["owner_pid": pid]), 422, "invalid-field")
            }
        }
    }

    @Test func `keeps labels within their bounds`() throws {
        try withDaemon { daemon in
            let labels = { (count: Int) in
                JSON.object(Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", JSON.text("ä\($0)")) }))
            }
            #expect(try daemon.granted("a", 1, ["labels": labels(16)])["labels"] == labels(16))
            expectProblem(try daemon.lease("a", 1, ["labels": labels(17)]), 422, "invalid-field")
            for wrong in [["a": 1], ["a"], "a", ["": "x"], ["a": nil]] as [JSON] {
                expectProblem(try daemon.lease("a", 1, ["labels": wrong]), 422, "invalid-field")
            }
        }
    }

    @Test func `says when no block fits`() throws {
        try withDaemon(.init(poolSize: 10)) { daemon in
            expectProblem(try daemon.lease("a", 11), 422, "invalid-field")
            expectProblem(try daemon.lease("a", 257), 422, "invalid-field")
            _ = try daemon.granted("a", 2, ["first_port": .integer(daemon.low + 4)])
            let refused = try daemon.lease("b", 5)
            expectProblem(refused, 503, "pool-exhausted")
            #expect(refused["retry-after"].flatMap { Int($0) } != nil)
            #expect(refused.json["largest_free_block"] == 4 && refused.json["free"] == 8 && refused.json["count"] == 5)
            #expect(try daemon.lease("b", 4).status == 201)
        }
    }
}
