import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A token's secret` {
    /// The vectors of RFC 4648, 10, and those that tell base64url from base64, without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `is base64url`(bytes: String, text: String) {
        #expect(TokenSecret(bytes: Array(bytes.utf8)).text == text)
    }

    @Test func `has letters of its own for 62 and 63`() {
        #expect(TokenSecret(bytes: [0xfb, 0xff, 0xfe]).text == "-__-")
        #expect(TokenSecret(bytes: [UInt8](repeating: 0xff, count: 32)).text == String(repeating: "_", count: 42) + "8")
    }

    @Test func `has 43 characters, and is another each time`() {
        let secrets = (0..<100).map { _ in TokenSecret() }
        #expect(secrets.allSatisfy { $0.text.wholeMatch(of: /[A-Za-z0-9_-]{43}/) != nil })
        #expect(Set(secrets.map(\.text)).count == 100)
        #expect(secrets.allSatisfy { !"\($0)".contains($0.text) })
    }
}

@Suite struct `A token of the domain` {
    private func token(expiresAt: Int64?, revokedAt: Int64? = nil) -> Token {
        Token(
            id: TokenID(1), name: "ci", terms: TokenTerms(maxPorts: 5, mayNameProcesses: true),
            createdAt: Instant(milliseconds: 0), createdBy: .user(0),
            expiresAt: expiresAt.map(Instant.init(milliseconds:)),
            revokedAt: revokedAt.map(Instant.init(milliseconds:)))
    }

    @Test func `lets somebody in until its end, on the millisecond, or its revocation`() {
        let now = Instant(milliseconds: 1000)
        #expect(token(expiresAt: nil).state(at: now) == .active)
        #expect(token(expiresAt: 1001).state(at: now) == .active)
        #expect(token(expiresAt: 1000).state(at: now) == .expired)
        #expect(token(expiresAt: 1001, revokedAt: 500).state(at: now) == .revoked)
        #expect(token(expiresAt: 1000, revokedAt: 500).state(at: now) == .revoked)
    }

    @Test func `has a bearer who is no administrator`() {
        let caller = token(expiresAt: nil).caller
        #expect(caller.principal == .token("ci") && !caller.isAdministrator)
        #expect(caller.mayNameProcesses && caller.maxPorts == 5)
        #expect(Principal("token:ci") == caller.principal)
    }

    @Test(arguments: ["ci", "runner-7", "0", String(repeating: "a", count: 63)])
    func `takes small letters, digits and the hyphen for a name`(text: String) {
        #expect(TokenName(rawValue: text)?.rawValue == text)
    }

    @Test(arguments: ["", "CI", "a b", "a/b", "a:b", "ä", String(repeating: "a", count: 64)])
    func `takes nothing else`(text: String) {
        #expect(TokenName(rawValue: text) == nil)
    }
}
