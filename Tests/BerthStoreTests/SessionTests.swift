import BerthCore
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `A session` {
    @Test func `counts its leases and ports, and ends with the last of them`() async throws {
        let test = try await TestStore.open()
        let first = try await test.lease(Wish(first: 20_000, count: 2))
        let second = try await test.lease(Wish(first: 20_010, count: 5))
        var session = try #require(try await test.store.session("alice", for: .alice))
        #expect(session.leases == 2 && session.ports == 7 && session.endedAt == nil)

        test.clock.advance(milliseconds: 1_000)
        _ = try await test.store.release(first.id, reason: "done", .alice)
        session = try #require(try await test.store.session("alice", for: .alice))
        #expect(session.leases == 1 && session.ports == 5 && session.endedAt == nil)

        let seq = try test.lastSeq()
        test.clock.advance(milliseconds: 59_000)
        #expect(try await test.store.expire(limit: 10, .daemon).map(\.lease) == [second.id])
        session = try #require(try await test.store.session("alice", for: .alice))
        #expect(session.leases == 0 && session.ports == 0 && session.endedAt == test.clock.now().wall)
        #expect(try test.events(after: seq) == ["lease.expired", "port.quarantined", "session.ended"])
        #expect(try test.rows("SELECT active_sessions FROM host") == ["0"])
    }

    @Test func `of the same name later is a new one, and may be somebody else's`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(session: "shared"))
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        try await test.lease(Wish(session: "shared", first: 20_010, context: .bob))
        #expect(
            try test.rows("SELECT id, principal, state FROM sessions") == ["1|uid:1000|ended", "2|uid:1001|active"])
        #expect(try await test.store.session("shared", for: .bob)?.ports == 2)
        #expect(try await test.store.session("shared", for: .alice) == nil)
    }

    @Test func `is closed to everybody but its principal, administrators too`() async throws {
        let test = try await TestStore.open()
        try await test.lease()
        let before = try test.everything()
        let administrator = ChangeContext(caller: .administrator)
        for context in [.bob, administrator] {
            #expect(await code { try await test.grant(Wish(first: 20_010, context: context)) } == .forbidden)
            #expect(await code { try await test.grant(Wish(first: nil, context: context)) } == .forbidden)
        }
        #expect(try test.everything() == before)
    }

    @Test func `is one of at most so many, but a session that runs may have more leases`() async throws {
        let test = try await TestStore.open(limits: Limits(maxSessions: 2))
        let first = try await test.lease(Wish(session: "a", first: 20_000))
        try await test.lease(Wish(session: "b", first: 20_010))
        let before = try test.everything()
        #expect(await code { try await test.grant(Wish(session: "c", first: 20_020)) } == .sessionLimit)
        #expect(await code { try await test.grant(Wish(session: "c", first: nil)) } == .sessionLimit)
        #expect(try test.everything() == before)
        try await test.lease(Wish(session: "a", name: "second", first: 20_030))
        _ = try await test.store.endSession("a", .alice)
        #expect(try await test.now(first).end == .released)
        try await test.lease(Wish(session: "c", first: 20_020))
    }

    @Test func `makes room for the one that takes over a dead holder's name`() async throws {
        let test = try await TestStore.open(limits: Limits(maxSessions: 1, maxPortsPerSession: 2))
        let owner = test.processes.start(42)
        let lease = try await test.lease(Wish(name: "web", ttl: nil, owner: owner))
        test.processes.end(42)
        let wish = Wish(name: "web", formerLease: lease.id, supersedes: lease.id)
        #expect(try await test.lease(wish).id > lease.id)
    }

    @Test func `holds at most so many ports`() async throws {
        let test = try await TestStore.open(limits: Limits(maxPortsPerSession: 5))
        try await test.lease(Wish(name: "web", first: 20_000, count: 3))
        let before = try test.everything()
        #expect(await code { try await test.grant(Wish(first: 20_010, count: 3)) } == .quotaExceeded)
        #expect(try test.everything() == before, "a refusal went into the audit")
        try await test.lease(Wish(first: 20_010, count: 2))
        #expect(await code { try await test.grant(Wish(first: 20_020, count: 1)) } == .quotaExceeded)
        guard case .existing = try await test.grant(Wish(name: "web", count: 3)) else {
            Issue.record("a repeat counted against the quota")
            return
        }
        #expect(try await test.store.session("alice", for: .alice)?.ports == 5)
        try test.expectWholeAudit()
    }

    @Test func `is ended by its principal or an administrator, all leases in one transaction`() async throws {
        let test = try await TestStore.open()
        let first = try await test.lease(Wish(first: 20_000))
        let second = try await test.lease(Wish(first: 20_010, owner: test.processes.start(9)))
        try await test.lease(Wish(session: "bob", first: 20_020, context: .bob))
        #expect(await code { try await test.store.endSession("alice", .bob) } == .notFound)
        #expect(await code { try await test.store.endSession("nobody", .alice) } == .notFound)
        test.commits.forget()
        let seq = try test.lastSeq()
        let ended = try await test.store.endSession("alice", ChangeContext(caller: .administrator))
        #expect(ended.map(\.lease) == [first.id, second.id] && ended.allSatisfy { $0.end == .released })
        #expect(test.commits.batchSizes == [1])
        #expect(try test.events(after: seq) == ["lease.released", "lease.released", "session.ended"])
        #expect(try await test.ports(.leased) == ["20020-20021"])
        #expect(try await test.store.endSession("alice", .alice) == [])
        #expect(try test.events(after: seq).count == 3)
    }

    @Test func `is listed once a name, the newest, page by page`() async throws {
        let test = try await TestStore.open()
        for (number, name) in (["a", "b", "a", "c"] as [SessionName]).enumerated() {
            let lease = try await test.lease(Wish(session: name, first: 20_000 + 10 * number))
            if number != 1 { _ = try await test.store.release(lease.id, reason: "done", .alice) }
        }
        let all = try await test.store.sessions(SessionFilter())
        #expect(all.map(\.session.name) == ["b", "a", "c"] && all.map(\.row) == [2, 3, 4])
        #expect(try await test.store.sessions(SessionFilter(state: "active")).map(\.session.name) == ["b"])
        #expect(try await test.store.sessions(SessionFilter(after: 2, limit: 1)).map(\.session.name) == ["a"])
        #expect(try await test.store.sessions(SessionFilter(principal: .user(1001))).isEmpty)
    }
}
