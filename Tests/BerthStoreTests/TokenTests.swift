import BerthCore
import BerthTestSupport
import FoundationEssentials
import Synchronization
import Testing

@testable import BerthStore

@Suite struct `A token` {
    private let administrator = ChangeContext(caller: .administrator, requestID: "request-1")

    private func context(key: String, body: UInt8 = 1) -> ChangeContext {
        ChangeContext(
            caller: .administrator,
            idempotency: IdempotencyKey(
                method: "POST", path: "/v1/tokens", key: key, requestHash: Data(repeating: body, count: 32)))
    }

    /// The last audit record.
    private func lastRecord(_ test: TestStore) async throws -> AuditRecord {
        var filter = AuditFilter()
        filter.order = .desc
        filter.limit = 1
        return try #require(try await test.store.audit(filter).first)
    }

    @Test func `is kept as a hash, with what its bearer may do`() async throws {
        let test = try await TestStore.open()
        let wish = TokenWish(
            name: "ci", terms: TokenTerms(maxPorts: 50, mayNameProcesses: true), ttlSeconds: 60)
        let hash = TokenHash(ofSecret: "secret")
        let (token, isReplay) = try await test.store.createToken(wish, hash: hash, administrator)
        let now = test.clock.now().wall
        #expect(!isReplay && token.name == "ci" && token.principal == .token("ci") && token.terms == wish.terms)
        #expect(token.createdAt == now && token.createdBy == .user(0) && token.revokedAt == nil)
        #expect(token.expiresAt == now.advanced(byMilliseconds: 60_000))
        #expect(try await test.store.token("ci") == token)
        #expect(try await test.store.unrevokedTokens() == [StoredToken(token: token, hash: hash)])
        // printf secret | sha256sum
        let expected = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
        #expect(try test.rows("SELECT lower(hex(hash)) FROM tokens") == [expected])
    }

    @Test func `is told in the audit, in the transaction of its effect, without its hash`() async throws {
        let test = try await TestStore.open()
        let seq = try test.lastSeq()
        let hash = TokenHash(ofSecret: "secret")
        let wish = TokenWish(name: "ci", terms: TokenTerms(maxPorts: 50), ttlSeconds: 60)
        test.commits.forget()
        _ = try await test.store.createToken(wish, hash: hash, administrator)
        #expect(test.commits.batchSizes == [1])
        let made = try await lastRecord(test)
        #expect(made.entry.principal == .user(0) && made.entry.holder == .token("ci"))
        #expect(made.entry.requestID == "request-1")
        #expect(made.entry.reason?.hasPrefix("token ci, for at most 50 ports, until ") == true)
        try await test.store.revokeToken("ci", administrator)
        #expect(try test.events(after: seq) == ["token.created", "token.revoked"])
        let revoked = try await lastRecord(test)
        #expect(revoked.entry.holder == .token("ci") && revoked.entry.requestID == "request-1")
        #expect(revoked.detailsText == #"{"token":{"id":1}}"#)
        let text = try #require(made.detailsText)
        #expect(!text.contains(hash.bytes.hexadecimal) && text.contains(hash.fingerprint))
        #expect(try AuditDetails(text: text).text == text)
        #expect(try await test.store.verify().problem == nil)
        try test.expectWholeAudit()
    }

    @Test func `has its name to itself until it is revoked, past its end too`() async throws {
        let test = try await TestStore.open()
        let wish = TokenWish(name: "ci", ttlSeconds: 1)
        let first = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "1"), administrator).token
        let before = try test.everything()
        for wait in [0, 999, 1] as [Int64] {
            test.clock.advance(milliseconds: wait)
            let again = await code {
                try await test.store.createToken(wish, hash: TokenHash(ofSecret: "2"), administrator)
            }
            #expect(again == .nameConflict)
        }
        #expect(first.state(at: test.clock.now().wall) == .expired)
        let reserved = await code {
            try await test.store.createToken(
                TokenWish(name: "admin"), hash: TokenHash(ofSecret: "2"), administrator)
        }
        #expect(reserved == .invalidField)
        #expect(try test.everything() == before, "a refusal left something behind")
        try await test.store.revokeToken("ci", administrator)
        let second = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "2"), administrator).token
        #expect(second.id > first.id && second.principal == first.principal)
        #expect(try await test.store.token("ci") == second)
        #expect(try await test.store.verify().problem == nil)
    }

    @Test func `is revoked once, and stays so`() async throws {
        let test = try await TestStore.open()
        #expect(await code { try await test.store.revokeToken("ci", administrator) } == .notFound)
        _ = try await test.store.createToken(TokenWish(name: "ci"), hash: TokenHash(ofSecret: "1"), administrator)
        try await test.store.revokeToken("ci", administrator)
        let before = try test.everything()
        test.clock.advance(milliseconds: 5)
        try await test.store.revokeToken("ci", administrator)
        #expect(try test.everything() == before)
        #expect(try await test.store.unrevokedTokens() == [])
        #expect(try await test.store.token("ci")?.state(at: test.clock.now().wall) == .revoked)
    }

    @Test func `is made once for a request that is repeated, and its repeat's secret opens nothing`() async throws {
        let test = try await TestStore.open()
        let wish = TokenWish(name: "ci")
        let first = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "1"), context(key: "a"))
        let again = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "2"), context(key: "a"))
        #expect(!first.isReplay && again.isReplay && again.token == first.token)
        #expect(try await test.store.unrevokedTokens().map(\.hash) == [TokenHash(ofSecret: "1")])
        let other = await code {
            try await test.store.createToken(wish, hash: TokenHash(ofSecret: "2"), context(key: "a", body: 2))
        }
        #expect(other == .idempotencyKeyReused)
        // Revoked meanwhile: the repeat makes no new one.
        try await test.store.revokeToken("ci", administrator)
        let late = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "3"), context(key: "a"))
        #expect(late.isReplay && late.token.revokedAt != nil)
        // After a day the key is forgotten.
        test.clock.advance(milliseconds: IdempotencyKey.lifetimeMilliseconds)
        let new = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "4"), context(key: "a"))
        #expect(!new.isReplay && new.token.id > first.token.id)
    }

    @Test func `is told to memory after its commit, in order`() async throws {
        let test = try await TestStore.open()
        let told = Mutex<[String]>([])
        test.store.queue.follow { change in
            switch change {
            case .tokenCreated(let stored): told.withLock { $0.append("created \(stored.token.name)") }
            case .tokenRevoked(let id): told.withLock { $0.append("revoked \(id)") }
            default: break
            }
        }
        _ = try await test.store.createToken(TokenWish(name: "ci"), hash: TokenHash(ofSecret: "1"), administrator)
        #expect(told.withLock { $0 } == ["created ci"])
        _ = await code {
            try await test.store.createToken(TokenWish(name: "ci"), hash: TokenHash(ofSecret: "2"), administrator)
        }
        try await test.store.revokeToken("ci", administrator)
        try await test.store.revokeToken("ci", administrator)
        #expect(told.withLock { $0 } == ["created ci", "revoked 1"])
    }

    @Test func `is listed by its state, page by page`() async throws {
        let test = try await TestStore.open()
        for (number, name) in (["a", "b", "c", "d"] as [TokenName]).enumerated() {
            let wish = TokenWish(name: name, ttlSeconds: name == "b" ? 1 : nil)
            _ = try await test.store.createToken(wish, hash: TokenHash(ofSecret: "\(number)"), administrator)
        }
        try await test.store.revokeToken("c", administrator)
        test.clock.advance(milliseconds: 1000)
        func names(_ filter: TokenFilter) async throws -> [String] {
            try await test.store.tokens(filter, now: test.clock.now().wall).map(\.name.rawValue)
        }
        #expect(try await names(TokenFilter()) == ["a", "d"])
        #expect(try await names(TokenFilter(state: .ended)) == ["b", "c"])
        #expect(try await names(TokenFilter(state: .all)) == ["a", "b", "c", "d"])
        #expect(try await names(TokenFilter(state: .all, after: TokenID(1), limit: 2)) == ["b", "c"])
    }

    @Test func `outlives a restart, and a pruning takes only those that nothing tells of`() async throws {
        var test = try await TestStore.open()
        for name in ["kept", "gone"] as [TokenName] {
            _ = try await test.store.createToken(
                TokenWish(name: name), hash: TokenHash(ofSecret: name.rawValue), administrator)
        }
        try await test.store.revokeToken("gone", administrator)
        test = try await test.restarted()
        #expect(try await test.store.unrevokedTokens().map(\.hash) == [TokenHash(ofSecret: "kept")])
        test.clock.advance(milliseconds: 1000)
        let now = test.clock.now().wall
        _ = try await test.store.prune(before: now, administrator)
        #expect(try test.rows("SELECT name FROM tokens") == ["kept"])
        #expect(try await test.store.verify().problem == nil)
        try await test.store.revokeToken("kept", administrator)
        #expect(try await test.store.verify().problem == nil)
    }

    @Test func `shows when somebody gave it another secret, or made one past Berth`() async throws {
        var test = try await TestStore.open()
        _ = try await test.store.createToken(TokenWish(name: "ci"), hash: TokenHash(ofSecret: "1"), administrator)
        test = try await test.restarted {
            _ = try SQLiteShell.run(
                "DROP TRIGGER tokens_keep_their_identity", "UPDATE tokens SET hash = zeroblob(32)", on: test.path)
        }
        #expect(try await test.store.verify().problem == "token ci is not what the records say")
        var other = try await TestStore.open()
        other = try await other.restarted {
            _ = try SQLiteShell.run(
                "INSERT INTO tokens (name, hash, allow_pids, created_at, created_by) VALUES ('x', zeroblob(32), 1, 1, 'uid:0')",
                on: other.path)
        }
        #expect(try await other.store.verify().problem == "token x is not what the records say")
    }
}

@Suite struct `A token's hash` {
    @Test func `comes back as it went, and is equal to itself alone`() throws {
        let hash = TokenHash(ofSecret: "secret")
        #expect(hash.bytes.count == 32)
        #expect(TokenHash(bytes: hash.bytes) == hash)
        for place in 0..<32 {
            var bytes = hash.bytes
            bytes[place] ^= 1
            #expect(TokenHash(bytes: bytes) != hash, "byte \(place)")
        }
        #expect(TokenHash(bytes: Data(repeating: 0, count: 31)) == nil)
        #expect("\(hash)" == "a token's hash" && hash.fingerprint.count == 64)
        #expect(hash.fingerprint != hash.bytes.hexadecimal)
    }
}
