import Testing

@Suite struct `Choosing a block over HTTP` {
    @Test func `gives the same holder its block again`() throws {
        try withDaemon { daemon in
            let first = try daemon.granted("alice", 4)
            _ = try daemon.release(first)
            // Next fit would go on behind it, for somebody else does.
            let other = try daemon.granted("bob", 4)
            #expect(other["first_port"] != first["first_port"])
            #expect(try daemon.granted("alice", 4)["first_port"] == first["first_port"])
            // Another count or name is another holder.
            #expect(try daemon.granted("alice", 3)["first_port"] != first["first_port"])
        }
    }

    @Test func `gives a holder of several blocks the earliest of them`() throws {
        try withDaemon { daemon in
            let blocks = try [40, 10, 25].map { offset in
                let block = try daemon.granted("alice", 4, ["first_port": .integer(daemon.low + offset)])
                return block
            }
            for block in blocks { _ = try daemon.release(block) }
            let again = try (0..<3).map { _ in try daemon.granted("alice", 4)["first_port"] }
            #expect(again == blocks.map { $0["first_port"] })
        }
    }

    @Test func `uses last what was freed last`() throws {
        try withDaemon(.init(poolSize: 20)) { daemon in
            let first = try daemon.granted("a", 5)
            _ = try daemon.release(first)
            let others = try ["b", "c", "d"].map { try daemon.granted($0, 5)["first_port"].int ?? 0 }
            #expect(!others.contains(first["first_port"].int ?? 0))
            #expect(try daemon.granted("e", 5)["first_port"] == first["first_port"])
        }
    }

    @Test func `prefers a first port, and takes another block when it is gone`() throws {
        try withDaemon { daemon in
            let wish = JSON.integer(daemon.low + 30)
            #expect(try daemon.granted("a", 3, ["preferred_first_port": wish])["first_port"] == wish)
            let second = try daemon.granted("b", 3, ["preferred_first_port": wish])
            #expect(second["first_port"] != wish)
            // A wish outside the pool is a wish all the same.
            #expect(try daemon.lease("c", 1, ["preferred_first_port": 1]).status == 201)
        }
    }

    @Test func `gives exactly the block that was named, or says who holds it`() throws {
        try withDaemon { daemon in
            let place = JSON.integer(daemon.low + 7)
            let lease = try daemon.granted("a", 3, ["first_port": place])
            #expect(lease["first_port"] == place)
            let refused = try daemon.lease("b", 3, ["first_port": .integer(daemon.low + 9)])
            expectProblem(refused, 409, "port-unavailable")
            #expect(refused.json["lease_id"] == lease["id"])
            #expect(refused.json["port"] == .integer(daemon.low + 9))
            #expect(refused.json["listeners"] == [])
            #expect(refused.json["detail"].text?.contains("session a") == true)
            expectProblem(try daemon.lease("b", 3, ["first_port": .integer(daemon.low - 1)]), 422, "invalid-field")
            let end = JSON.integer(daemon.range.upperBound)
            expectProblem(try daemon.lease("b", 2, ["first_port": end]), 422, "invalid-field")
            expectProblem(
                try daemon.lease("b", 2, ["first_port": place, "preferred_first_port": place]), 422, "invalid-field")
            for port in [0, 65_536, -1, "80", 1.5] as [JSON] {
                expectProblem(try daemon.lease("b", 2, ["first_port": port]), 422, "invalid-field")
                expectProblem(try daemon.lease("b", 2, ["preferred_first_port": port]), 422, "invalid-field")
            }
        }
    }

    @Test func `aligns the first port`() throws {
        try withDaemon { daemon in
            for align in [2, 7, 10, 16] {
                let lease = try daemon.granted("a\(align)", 3, ["align": .integer(align)])
                #expect((lease["first_port"].int ?? 1) % align == 0)
            }
            for align in [0, -1, 65_536, "2"] as [JSON] {
                expectProblem(try daemon.lease("b", 1, ["align": align]), 422, "invalid-field")
            }
        }
    }

    @Test func `leaves out the ports that browsers refuse`() throws {
        try withDaemon(.init(pools: ["default=6660-6700", "other=10070-10090"])) { daemon in
            #expect(try daemon.pool("other")["exclude"] == [10_080])
            #expect(try daemon.pool("other")["size"] == 20)
            let refused = try daemon.lease("a", 1, ["first_port": 10_080, "pool": "other"])
            expectProblem(refused, 422, "invalid-field")
            var ports: [Int] = []
            for count in [10, 10] {
                ports += try daemon.granted("a", count, ["pool": "other"])["ports"].ints
            }
            #expect(Set(ports) == Set(10_070...10_090).subtracting([10_080]))
            #expect(Set(try daemon.pool()["exclude"].ints) == [6665, 6666, 6667, 6668, 6669, 6679, 6697])
        }
    }

    @Test func `serves several pools and ranges, and joins none of them`() throws {
        let range = try PortRanges.take(30)
        let low = range.lowerBound
        let pools = ["default=\(low)-\(low + 9)", "web=\(low + 10)-\(low + 14),\(low + 15)-\(low + 24)"]
        try withDaemon(.init(pools: pools)) { daemon in
            #expect(try daemon.pool("web")["size"] == 15)
            let block = try daemon.granted("a", 10, ["pool": "web"])
            #expect(block["first_port"] == .integer(low + 15) && block["pool"] == "web")
            expectProblem(try daemon.lease("a", 11, ["pool": "web"]), 422, "invalid-field")
            expectProblem(try daemon.lease("a", 1, ["pool": "nope"]), 422, "invalid-field")
            expectProblem(try daemon.call("GET", "/v1/pools/nope"), 404, "not-found")
        }
    }
}
