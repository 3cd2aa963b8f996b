import FoundationEssentials
import Testing

@Suite struct `Renewing a lease over HTTP` {
    /// How many seconds from the renewal to the expiry.
    private func term(_ lease: JSON) throws -> Double {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let renewed = try style.parse(try #require(lease["renewed_at"].text))
        return try style.parse(try #require(lease["expires_at"].text)).timeIntervalSince(renewed)
    }

    private func renew(_ daemon: Daemon, _ lease: JSON, _ body: JSON? = nil) throws -> Response {
        try daemon.call("POST", "/v1/leases/\(lease["id"].int ?? 0)/renew", body)
    }

    @Test func `with a TTL counts from now, shorter too`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["ttl_seconds": 600])
            for ttl in [9000, 30, 31] {
                let renewed = try renew(daemon, lease, ["ttl_seconds": .integer(ttl)])
                #expect(renewed.status == 200)
                #expect(abs(try term(renewed.json) - Double(ttl)) < 0.05)
                #expect(try daemon.shown(lease) == renewed.json)
            }
        }
    }

    @Test func `without a TTL counts the lease's own again and never shortens`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["ttl_seconds": 600])
            let longer = try renew(daemon, lease, ["ttl_seconds": 9000]).json
            let kept = try renew(daemon, lease)
            #expect(kept.status == 200)
            #expect((kept.json["expires_at"].text ?? "") >= (longer["expires_at"].text ?? "~"))
            let other = try daemon.granted("bob", 1, ["ttl_seconds": 600])
            let again = try renew(daemon, other, [:]).json
            #expect((again["expires_at"].text ?? "") >= (other["expires_at"].text ?? "~"))
            #expect(try term(again) <= 600.05)
        }
    }

    @Test func `leaves a lease without expiry as it is`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["pinned": true])
            let renewed = try renew(daemon, lease)
            #expect(renewed.status == 200 && renewed.json["expires_at"] == .null)
        }
    }

    @Test func `is refused after the end, for unknown leases and with nonsense`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1)
            for ttl in [0, -5, "60", 1.5, true, 1e300] as [JSON] {
                expectProblem(try renew(daemon, lease, ["ttl_seconds": ttl]), 422, "invalid-field")
            }
            expectProblem(try renew(daemon, lease, ["ttl": 5]), 422, "invalid-field")
            _ = try daemon.release(lease)
            expectProblem(try renew(daemon, lease), 409, "lease-ended")
            expectProblem(try renew(daemon, lease, ["ttl_seconds": 60]), 409, "lease-ended")
            expectProblem(try renew(daemon, ["id": 424_242]), 404, "not-found")
        }
    }

    @Test func `keeps a lease alive past its first deadline`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 1, ["ttl_seconds": 1])
            let watch = Stopwatch()
            while watch.seconds < 1.6 {
                #expect(try renew(daemon, lease, ["ttl_seconds": 1]).status == 200)
                _ = eventually(within: 0.2) { nil as Bool? }
            }
            #expect(try daemon.shown(lease)["state"] == "active")
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "expired" })
        }
    }
}
