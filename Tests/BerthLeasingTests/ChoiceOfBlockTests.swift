import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `The choice of a block` {
    @Test func `goes on behind the block that was granted last, and wraps`() async throws {
        let host = try await TestManager.start(size: 10)
        let first = try await host.lease("a", 4)
        let second = try await host.lease("b", 4)
        #expect(first.block == .of(20_000, 4))
        #expect(second.block == .of(20_004, 4))
        try await host.release(first)
        #expect(try await host.lease("c", 2).block == .of(20_008, 2))
        #expect(try await host.lease("d", 2).block == .of(20_000, 2))
    }

    @Test func `remembers across a restart where next fit goes on`() async throws {
        let host = try await TestManager.start()
        let first = try await host.lease("a", 4)
        try await host.release(first)
        let again = try await host.restarted()
        #expect(try await again.lease("b", 4).block == .of(20_004, 4))
    }

    @Test func `gives the same holder the earliest block it had, when that is free`() async throws {
        let host = try await TestManager.start()
        let early = try await host.lease("a", 3)
        let late = try await host.lease("a", 3)
        try await host.release(late)
        try await host.release(early)
        #expect(try await host.lease("b", 3).block == .of(20_006, 3))
        #expect(try await host.lease("a", 3).block == early.block)
        #expect(try await host.lease("a", 3).block == late.block)
    }

    @Test func `holds blocks apart by principal, session, name and count`() async throws {
        let host = try await TestManager.start()
        let mine = try await host.lease("a", 3) { $0.name = "web" }
        try await host.release(mine)
        #expect(try await host.lease("a", 3, as: .bob) { $0.name = "web" }.block != mine.block)
        #expect(try await host.lease("x", 3) { $0.name = "web" }.block != mine.block)
        #expect(try await host.lease("y", 3).block != mine.block)
    }

    @Test func `prefers what is asked for over what was held, and takes another when it is taken`() async throws {
        let host = try await TestManager.start()
        let held = try await host.lease("a", 3)
        try await host.release(held)
        let preferred = try await host.lease("a", 3) { $0.placement = .preferred(20_010) }
        #expect(preferred.block == .of(20_010, 3))
        #expect(try await host.lease("b", 3) { $0.placement = .preferred(20_011) }.block != .of(20_011, 3))
    }

    @Test func `takes exactly what is asked for or says who has it`() async throws {
        let host = try await TestManager.start()
        let exact = try await host.lease("a", 3) { $0.placement = .exactly(20_005) }
        #expect(exact.block == .of(20_005, 3))
        let refused = await refusal { try await host.lease("a", 3) { $0.placement = .exactly(20_006) } }
        #expect(refused?.code == .portUnavailable)
        #expect(refused?.facts == .taken(port: 20_006, lease: exact.id, listeners: []))
        let hidden = await refusal { try await host.lease("b", 3, as: .bob) { $0.placement = .exactly(20_006) } }
        #expect(hidden?.facts == .taken(port: 20_006, lease: nil, listeners: []))
    }

    @Test func `keeps to multiples, also for a block that the holder had`() async throws {
        let host = try await TestManager.start()
        let odd = try await host.lease("a", 2) { $0.placement = .exactly(20_003) }
        try await host.release(odd)
        #expect(try await host.lease("a", 2) { $0.align = 10 }.block == .of(20_000, 2))
        #expect(try await host.lease("a", 2) { $0.align = 10 }.block == .of(20_010, 2))
    }

    @Test func `never crosses from one range into the next, nor holds an excluded port`() async throws {
        let pool = Pool(
            name: .standard, ranges: [.of(20_000, 5), .of(20_005, 5)], excluded: [20_007])
        let host = try await TestManager.start(pools: [pool])
        #expect(try await host.lease("a", 3).block == .of(20_000, 3))
        let refused = await refusal { try await host.lease("b", 3) }
        #expect(refused?.facts == .noRoom(largestFreeBlock: 2, free: 6, count: 3))
    }

    @Test(arguments: [
        ("count", GrantRequest(session: "a", count: 21)), ("count", GrantRequest(session: "a", count: 300)),
        ("align", GrantRequest(session: "a", count: 15, align: 7000)),
        ("pool", GrantRequest(session: "a", count: 1, pool: "nowhere")),
        ("first_port", GrantRequest(session: "a", count: 3, placement: .exactly(20_018))),
        ("ttl_seconds", GrantRequest(session: "a", count: 1, ttl: .never)),
        ("pinned", GrantRequest(session: "a", count: 1, isPinned: true)),
    ])
    func `refuses what the pool could never grant, by the member at fault`(field: String, request: GrantRequest)
        async throws
    {
        let host = try await TestManager.start()
        let refused = await refusal { try await host.manager.lease(request, ChangeContext(caller: .alice)) }
        #expect(refused?.code == .invalidField)
        #expect(refused?.fields.map(\.field) == [field])
    }
}
