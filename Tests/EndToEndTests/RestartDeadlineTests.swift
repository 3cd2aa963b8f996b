import Testing

@Suite struct `Deadlines across restarts` {
    @Test func `never come early, however often the daemon is killed`() throws {
        try withDaemon { daemon in
            let watch = Stopwatch()
            let lease = try daemon.granted("alice", 1, ["ttl_seconds": 4])
            for _ in 0..<3 {
                try daemon.restart()
                let state = try daemon.shown(lease)["state"]
                #expect(state == "active" || watch.seconds >= 4)
                #expect(try daemon.shown(lease)["expires_at"] == lease["expires_at"])
            }
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "expired" })
            #expect(watch.seconds >= 4)
        }
    }

    @Test func `that passed while no daemon served leave time to renew`() throws {
        try withDaemon { daemon in
            let watch = Stopwatch()
            let lease = try daemon.granted("alice", 1, ["ttl_seconds": 2])
            daemon.kill()
            #expect(becomesTrue { watch.seconds > 2.2 })
            try daemon.start()
            #expect(try daemon.shown(lease)["state"] == "active")
            let renewed = try daemon.call("POST", "/v1/leases/\(lease["id"].int ?? 0)/renew", ["ttl_seconds": 600])
            #expect(renewed.status == 200)
            #expect((renewed.json["expires_at"].text ?? "") > (lease["expires_at"].text ?? "~"))
        }
    }

    @Test func `keep quarantined ports at rest through a restart`() throws {
        try withDaemon(.init(quarantine: "600")) { daemon in
            let lease = try daemon.granted("alice", 2, ["ttl_seconds": 1])
            let first = try #require(lease["first_port"].int)
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "expired" })
            try daemon.restart()
            #expect(try daemon.portState(first) == "quarantined")
            expectProblem(try daemon.lease("bob", 2, ["first_port": .integer(first)]), 409, "port-unavailable")
        }
    }

    @Test func `take little longer to start from with 10,000 live leases`() throws {
        var setup = Daemon.Setup(listen: nil)
        setup.pools = ["default=61000-65535", "more=20000-29999"]
        try withDaemon(setup) { daemon in
            let empty = try startTime(of: daemon)
            let connection = try daemon.unix.connect()
            for number in 0..<10_000 {
                let body: JSON = [
                    "session": .text("s\(number / 500)"), "count": 1, "pool": number < 4000 ? "default" : "more",
                ]
                let response = try connection.call("POST", "/v1/leases", try body.encoded())
                try #require(response.status == 201, "\(number): \(response)")
            }
            let full = try startTime(of: daemon)
            let pools = [try daemon.pool(), try daemon.pool("more")]
            #expect(pools.compactMap { $0["leased"].int }.reduce(0, +) == 10_000)
            print("start with 10,000 live leases: \(full) s, \(full / empty) times an empty start (\(empty) s)")
        }
    }

    private func startTime(of daemon: Daemon) throws -> Double {
        daemon.kill()
        let watch = Stopwatch()
        try daemon.start()
        return watch.seconds
    }
}
