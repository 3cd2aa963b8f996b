import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `The tokens in memory` {
    private let administrator = ChangeContext(caller: .administrator)

    private func bearer(_ secret: TokenSecret, _ test: TestManager) -> Caller? {
        test.manager.tokens.token(TokenHash(ofSecret: secret.text))?.caller
    }

    @Test func `let in who has the secret, from its making to its revocation`() async throws {
        let test = try await TestManager.start()
        let (token, told) = try await test.manager.createToken(
            TokenWish(name: "ci", terms: TokenTerms(maxPorts: 2)), administrator)
        let secret = try #require(told)
        #expect(bearer(secret, test)?.principal == .token("ci") && bearer(secret, test)?.maxPorts == 2)
        #expect(bearer(TokenSecret(), test) == nil)
        #expect(test.manager.tokens.isActive(token.id))
        try await test.manager.revokeToken("ci", administrator)
        #expect(bearer(secret, test) == nil && !test.manager.tokens.isActive(token.id))
    }

    @Test func `let nobody in past a token's end`() async throws {
        let test = try await TestManager.start()
        let (token, told) = try await test.manager.createToken(TokenWish(name: "ci", ttlSeconds: 2), administrator)
        let secret = try #require(told)
        test.clock.advance(milliseconds: 1999)
        #expect(bearer(secret, test) != nil && test.manager.tokens.isActive(token.id))
        test.clock.advance(milliseconds: 1)
        #expect(bearer(secret, test) == nil && !test.manager.tokens.isActive(token.id))
    }

    @Test func `are read from the rows at a start`() async throws {
        var test = try await TestManager.start()
        let kept = try #require(try await test.manager.createToken(TokenWish(name: "kept"), administrator).secret)
        let gone = try #require(try await test.manager.createToken(TokenWish(name: "gone"), administrator).secret)
        try await test.manager.revokeToken("gone", administrator)
        test = try await test.restarted()
        #expect(bearer(kept, test)?.principal == .token("kept"))
        #expect(bearer(gone, test) == nil)
    }

    @Test func `give way to a new one of the same name, which has what belongs to the name`() async throws {
        let test = try await TestManager.start()
        let old = try #require(try await test.manager.createToken(TokenWish(name: "ci"), administrator).secret)
        let lease = try await test.lease("build", 2, as: try #require(bearer(old, test)))
        try await test.manager.revokeToken("ci", administrator)
        let new = try #require(try await test.manager.createToken(TokenWish(name: "ci"), administrator).secret)
        #expect(bearer(old, test) == nil)
        let caller = try #require(bearer(new, test))
        #expect(try await test.manager.lease(lease.id, for: caller).id == lease.id)
    }

    @Test func `hold their bearers to their quota, in all of their sessions together`() async throws {
        let test = try await TestManager.start()
        let wish = TokenWish(name: "ci", terms: TokenTerms(maxPorts: 3))
        let secret = try #require(try await test.manager.createToken(wish, administrator).secret)
        let caller = try #require(bearer(secret, test))
        let first = try await test.lease("a", 2, as: caller)
        #expect(await refusal { try await test.lease("b", 2, as: caller) }?.code == .quotaExceeded)
        try await test.lease("b", 1, as: caller)
        try await test.release(first)
        try await test.lease("c", 2, as: caller)
        // Nobody else's ports count.
        try await test.lease("d", 5)
    }

    @Test func `let only those name processes that may`() async throws {
        let test = try await TestManager.start()
        test.processes.start(42)
        for (name, isAllowed) in [("with", true), ("without", false)] as [(TokenName, Bool)] {
            let wish = TokenWish(name: name, terms: TokenTerms(mayNameProcesses: isAllowed))
            let secret = try #require(try await test.manager.createToken(wish, administrator).secret)
            let caller = try #require(bearer(secret, test))
            let outcome = await refusal {
                try await test.lease(isAllowed ? "a" : "b", 1, as: caller) { $0.owner = .pid(42) }
            }
            #expect(outcome?.code == (isAllowed ? nil : .forbidden))
        }
    }
}
