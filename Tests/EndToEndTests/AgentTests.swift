import Testing

@Suite struct `Agents on a lease over HTTP` {
    private func path(_ lease: JSON, _ name: String) -> String { "/v1/leases/\(lease["id"].int ?? 0)/agents/\(name)" }

    private func sleeper(_ daemon: Daemon, _ name: String) throws -> ChildProcess {
        try ChildProcess(["sleep", "600"], environment: [:], log: daemon.folder.file(name))
    }

    @Test func `have the first ports in order from the start`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3, ["agents": ["team-1", "team-2"]])
            let first = try #require(lease["first_port"].int)
            #expect(
                lease["agents"] == [
                    ["name": "team-1", "port": .integer(first), "state": "reserved", "pid": nil],
                    ["name": "team-2", "port": .integer(first + 1), "state": "reserved", "pid": nil],
                ])
            for wrong in [["a", "b", "c", "d"], ["a", "a"], ["A"], [""], ["a_b"], "a", [1]] as [JSON] {
                expectProblem(try daemon.lease("bob", 3, ["agents": wrong]), 422, "invalid-field")
            }
        }
    }

    @Test func `are attached, replaced and detached`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3, ["agents": ["team-1"]])
            let first = try #require(lease["first_port"].int)
            let (one, two) = (try sleeper(daemon, "one"), try sleeper(daemon, "two"))
            let named = try daemon.call("PUT", path(lease, "team-1"), ["pid": .integer(Int(one.id))])
            #expect(named.status == 200)
            #expect(named.json["agents"][0]["port"] == .integer(first) && named.json["agents"][0]["state"] == "running")
            // The next port that has no name.
            let next = try daemon.call("PUT", path(lease, "web"), ["pid": .integer(Int(one.id))]).json
            #expect(next["agents"].items.last?["port"] == .integer(first + 1))
            // A restart replaces the process and keeps the port.
            let again = try daemon.call("PUT", path(lease, "team-1"), ["pid": .integer(Int(two.id))]).json
            #expect(again["agents"][0]["pid"] == .integer(Int(two.id)))
            #expect(again["agents"][0]["port"] == .integer(first) && again["agents"].items.count == 2)
            #expect(try daemon.call("DELETE", path(lease, "web")).status == 204)
            #expect(try daemon.shown(lease)["agents"].items.count == 1)
        }
    }

    @Test func `are refused on foreign ports, on ended leases and with nonsense`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 2, ["agents": ["a", "b"]])
            let first = try #require(lease["first_port"].int)
            let process = try sleeper(daemon, "process")
            let pid = JSON.integer(Int(process.id))
            let put = { (name: String, body: JSON) in try daemon.call("PUT", path(lease, name), body) }
            expectProblem(try put("a", ["pid": pid, "port": .integer(first + 1)]), 422, "invalid-field")
            expectProblem(try put("a", ["pid": pid, "port": .integer(first + 2)]), 422, "invalid-field")
            expectProblem(try put("c", ["pid": pid]), 422, "invalid-field")
            expectProblem(try put("a", ["pid": 0]), 422, "invalid-field")
            expectProblem(try put("a", [:]), 422, "invalid-field")
            expectProblem(try put("a", ["pid": pid, "prot": 1]), 422, "invalid-field")
            expectProblem(try put("A_B", ["pid": pid]), 404, "not-found")
            expectProblem(try daemon.call("PUT", "/v1/leases/4711/agents/a", ["pid": pid]), 404, "not-found")
            _ = try daemon.release(lease)
            expectProblem(try put("a", ["pid": pid]), 409, "lease-ended")
            process.kill()
            let other = try daemon.granted("bob", 1)
            expectProblem(try daemon.call("PUT", path(other, "a"), ["pid": pid]), 422, "no-such-process")
        }
    }

    @Test func `keep a lease whose owner is gone`() throws {
        try withDaemon { daemon in
            let (launcher, server) = (try sleeper(daemon, "launcher"), try sleeper(daemon, "server"))
            let lease = try daemon.granted("alice", 1, ["owner_pid": .integer(Int(launcher.id))])
            let put = try daemon.call("PUT", path(lease, "server"), ["pid": .integer(Int(server.id))])
            #expect(put.status == 200)
            launcher.kill()
            #expect(try becomesTrue { try daemon.shown(lease)["owner"]["alive"] == false })
            #expect(try daemon.shown(lease)["state"] == "active")
            server.kill()
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "orphaned" })
            let agents = try daemon.shown(lease)["agents"]
            #expect(agents[0]["state"] == "exited" && agents[0]["pid"] == .integer(Int(server.id)))
        }
    }
}
