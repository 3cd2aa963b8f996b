import Testing

@Suite struct `A pool that is served by best effort` {
    private static let configuration = "pools:\n  default: { queue: best-effort }\n"

    @Test func `lets small requests pass one that finds no room, sixteen times`() throws {
        try withDaemon(configuration: Self.configuration, .init(poolSize: 10)) { daemon in
            #expect(try daemon.pool()["queue"] == "best-effort")
            let holder = try daemon.granted("a", 9)
            let large = try daemon.queued("b", 10)
            for _ in 0..<16 { #expect(try daemon.release(try daemon.granted("c", 1)).status == 204) }
            expectProblem(try daemon.lease("c", 1), 503, "pool-exhausted")
            try daemon.restart()
            expectProblem(try daemon.lease("c", 1), 503, "pool-exhausted")
            #expect(try daemon.places([large]) == [1])
            #expect(try daemon.release(holder).status == 204)
            #expect(try daemon.becomes(large, "granted"))
        }
    }

    @Test func `serves those who wait and fit, in their order`() throws {
        try withDaemon(configuration: Self.configuration, .init(poolSize: 10)) { daemon in
            let held = try [4, 2, 4].map { try daemon.granted("a", $0) }
            let (large, one) = (try daemon.queued("b", 10), try daemon.queued("c", 2))
            let (other, same) = (try daemon.queued("d", 2), try daemon.queued("e", 10))
            #expect(try daemon.release(held[1]).status == 204)
            #expect(try daemon.becomes(one, "granted"))
            #expect(try daemon.places([large, one, other, same]) == [1, nil, 2, 3])
        }
    }
}
