import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import Testing

@Suite struct `Repeating a request with its Idempotency-Key` {
    private func context(
        _ caller: Caller = .alice, method: String = "POST", path: String = "/v1/leases", key: String = "key",
        body: UInt8 = 1
    ) -> ChangeContext {
        ChangeContext(
            caller: caller,
            idempotency: IdempotencyKey(
                method: method, path: path, key: key, requestHash: Data(repeating: body, count: 32)))
    }

    @Test func `answers with the lease as it now stands, and does nothing`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(context: context()))
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        let before = try test.everything()
        guard case .replayed(let again, let status) = try await test.grant(Wish(first: 20_050, context: context()))
        else {
            Issue.record("the repeat was granted")
            return
        }
        #expect(again.id == lease.id && again.end == .released && status == 201)
        #expect(try test.everything() == before)
    }

    @Test func `keeps the status of a lease that existed by name`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(name: "web"))
        guard case .existing = try await test.grant(Wish(name: "web", context: context())),
            case .replayed(let again, 200) = try await test.grant(Wish(name: "web", context: context()))
        else {
            Issue.record("the outcome was not kept")
            return
        }
        #expect(again.id == lease.id)
    }

    @Test func `refuses another body under the key`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(context: context(body: 1)))
        let before = try test.everything()
        #expect(
            await code { try await test.grant(Wish(first: 20_050, context: context(body: 2))) } == .idempotencyKeyReused
        )
        #expect(try test.everything() == before)
    }

    @Test func `holds a key within its principal, method and path`() async throws {
        let test = try await TestStore.open()
        let first = try await test.lease(Wish(context: context()))
        let others = [
            Wish(session: "bob", first: 20_010, context: context(.bob)),
            Wish(first: 20_020, context: context(method: "PUT")),
            Wish(first: 20_030, context: context(path: "/v1/other")),
            Wish(first: 20_040, context: context(key: "other")),
        ]
        for wish in others { #expect(try await test.lease(wish).id > first.id) }
        #expect(try test.rows("SELECT count(*) FROM idempotency_keys") == ["5"])
    }

    @Test func `keeps nothing of a request that had no effect`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(session: "bob", first: 20_010, context: .bob))
        _ = try await test.grant(Wish(first: nil, context: context()))
        _ = try await test.grant(Wish(first: 20_011, context: context()))
        _ = await code { try await test.grant(Wish(session: "bob", context: context())) }
        #expect(try test.rows("SELECT count(*) FROM idempotency_keys") == ["0"])
        try await test.lease(Wish(context: context(body: 2)))
    }

    @Test func `forgets after 24 hours, on the millisecond, and by then a key is new`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease(Wish(ttl: 500_000_000, context: context()))
        test.clock.advance(milliseconds: 86_399_999)
        guard case .replayed = try await test.grant(Wish(context: context())) else {
            Issue.record("it was forgotten too early")
            return
        }
        #expect(try await test.store.forgetOutcomes(limit: 10) == 0)
        test.clock.advance(milliseconds: 1)
        let second = try await test.lease(Wish(first: 20_010, ttl: 500_000_000, context: context(body: 2)))
        #expect(second.id > lease.id)
        guard case .replayed(let again, _) = try await test.grant(Wish(context: context(body: 2))) else {
            Issue.record("the new outcome was not kept")
            return
        }
        #expect(again.id == second.id)
    }

    @Test func `clears old outcomes away, so many at a time`() async throws {
        let test = try await TestStore.open()
        for number in 0..<5 {
            try await test.lease(
                Wish(first: 20_000 + 2 * number, ttl: 500_000_000, context: context(key: "\(number)")))
        }
        test.clock.advance(milliseconds: 86_400_000)
        try await test.lease(Wish(first: 20_050, context: context(key: "new")))
        #expect(try await test.store.forgetOutcomes(limit: 3) == 3)
        #expect(try await test.store.forgetOutcomes(limit: 3) == 2)
        #expect(try await test.store.forgetOutcomes(limit: 3) == 0)
        #expect(try test.rows("SELECT key FROM idempotency_keys") == ["new"])
    }

    @Test func `survives a restart`() async throws {
        var test = try await TestStore.open()
        let lease = try await test.lease(Wish(context: context()))
        test = try await test.restarted()
        guard case .replayed(let again, 201) = try await test.grant(Wish(first: 20_050, context: context())) else {
            Issue.record("the outcome was lost")
            return
        }
        #expect(again.id == lease.id)
    }

    @Test func `renews once`() async throws {
        let test = try await TestStore.open()
        let lease = try await test.lease()
        let renewal = context(path: "/v1/leases/1/renew")
        let first = try await test.store.renew(lease.id, ttlMilliseconds: 90_000, renewal)
        #expect(!first.isReplay && first.lease.deadline?.milliseconds == 1_090_000)
        test.clock.advance(milliseconds: 5_000)
        let seq = try test.lastSeq()
        let second = try await test.store.renew(lease.id, ttlMilliseconds: 90_000, renewal)
        #expect(second.isReplay && second.lease == first.lease)
        #expect(try test.lastSeq() == seq)
        _ = try await test.store.release(lease.id, reason: "done", .alice)
        #expect(try await test.store.renew(lease.id, ttlMilliseconds: 90_000, renewal).lease.end == .released)
        #expect(
            await code {
                try await test.store.renew(lease.id, ttlMilliseconds: 1, context(path: "/v1/leases/1/renew", body: 2))
            } == .idempotencyKeyReused)
    }
}
