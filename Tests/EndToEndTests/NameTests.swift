import Glibc
import Testing

@Suite struct `Leases with a name` {
    @Test func `come back with 200, their TTL renewed`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3, ["name": "web", "ttl_seconds": 100])
            let again = try daemon.lease("alice", 3, ["name": "web", "ttl_seconds": 5000])
            #expect(again.status == 200)
            #expect(again.json["id"] == lease["id"] && again.json["ports"] == lease["ports"])
            #expect((again.json["expires_at"].text ?? "") > (lease["expires_at"].text ?? "~"))
            #expect((again.json["renewed_at"].text ?? "") >= (lease["renewed_at"].text ?? "~"))
            // The same name in another session is another lease.
            #expect(try daemon.granted("bob", 3, ["name": "web"])["id"] != lease["id"])
        }
    }

    @Test func `conflict with another count, pool or owner`() throws {
        let range = try PortRanges.take(20)
        let pools = [
            "default=\(range.lowerBound)-\(range.lowerBound + 9)", "web=\(range.lowerBound + 10)-\(range.upperBound)",
        ]
        try withDaemon(.init(pools: pools)) { daemon in
            _ = try daemon.granted("alice", 3, ["name": "web"])
            expectProblem(try daemon.lease("alice", 4, ["name": "web"]), 409, "name-conflict")
            expectProblem(try daemon.lease("alice", 3, ["name": "web", "pool": "web"]), 409, "name-conflict")
            let owners = try (0..<2).map {
                try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file("owner\($0)"))
            }
            let pids = owners.map { JSON.integer(Int($0.id)) }
            let held = try daemon.granted("bob", 2, ["name": "db", "owner_pid": pids[0]])
            expectProblem(try daemon.lease("bob", 2, ["name": "db", "owner_pid": pids[1]]), 409, "name-conflict")
            #expect(try daemon.lease("bob", 2, ["name": "db", "owner_pid": pids[0]]).status == 200)
            // Dead and perhaps not yet reaped: its holder has the block back at once, under a new id.
            owners[0].kill()
            let anew = try daemon.granted("bob", 2, ["name": "db", "owner_pid": pids[1]])
            #expect(anew["id"] != held["id"] && anew["first_port"] == held["first_port"])
            #expect(try daemon.shown(held)["state"] == "orphaned")
        }
    }

    @Test func `are free again after the end`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3, ["name": "web"])
            _ = try daemon.release(lease)
            let again = try daemon.granted("alice", 2, ["name": "web"])
            #expect(again["id"] != lease["id"] && again["name"] == "web")
        }
    }

    @Test func `and sessions take 1 to 128 characters of the alphabet`() throws {
        try withDaemon { daemon in
            let longest = String(repeating: "x", count: 128)
            for name in ["a", "A.b_c:d@e/f-9", longest, "..", "/", "-"] {
                let response = try daemon.lease(name, 1, ["name": .text(name)])
                #expect(response.status == 201 && response.json["session"] == .text(name))
                #expect(response.json["name"] == .text(name))
            }
            for name in ["", longest + "x", "a b", "ä", "a\n", "a\0", "a%41", "a+b", "a?b", "a#b", "a\\b"] {
                expectProblem(try daemon.lease(name, 1), 422, "invalid-field")
                expectProblem(try daemon.lease("fine", 1, ["name": .text(name)]), 422, "invalid-field")
            }
        }
    }
}
