import BerthAPI
import BerthCommandLine
import BerthCore
import FoundationEssentials
import Testing

@Suite struct `Telling tokens` {
    private let plain = TerminalStyle(isTerminal: false, environment: [:])
    private let now = Instant(milliseconds: 1_795_500_000_000)

    private func token(_ name: String, expires: Int64? = nil, revoked: Int64? = nil) throws -> TokenResource {
        let name = try #require(TokenName(rawValue: name))
        return TokenResource(
            Token(
                id: TokenID(1), name: name, terms: TokenTerms(maxPorts: expires == nil ? nil : 50),
                createdAt: now.advanced(byMilliseconds: -60_000), createdBy: .user(0),
                expiresAt: expires.map { now.advanced(byMilliseconds: $0) },
                revokedAt: revoked.map { now.advanced(byMilliseconds: $0) }), now: now)
    }

    @Test func `shows what each allows, and until when`() throws {
        let tokens = [
            try token("ci", expires: 7_200_000), try token("old", expires: -1000), try token("x", revoked: 0),
        ]
        #expect(
            TextTable.tokens(tokens, now: now).text(plain) == """
                TOKEN  STATE    PORTS  PIDS  CREATED  BY     EXPIRES
                ci     active      50  no    1m ago   uid:0  in 2h
                old    expired     50  no    1m ago   uid:0  1s ago
                x      revoked    any  no    1m ago   uid:0  never

                """)
    }

    @Test func `reads what the API writes`() throws {
        let created = CreatedToken(try token("ci"), token: "secret")
        let bytes = try JSONEncoder().encode(created)
        let again = try JSONDecoder().decode(CreatedToken.self, from: bytes)
        #expect(again.resource == created.resource && again.token == "secret")
        let wish = TokenWish(
            name: try #require(TokenName(rawValue: "ci")), terms: TokenTerms(maxPorts: 5, mayNameProcesses: true),
            ttlSeconds: 9)
        let request = try JSONDecoder().decode(TokenRequest.self, from: try JSONEncoder().encode(TokenRequest(wish)))
        #expect(request.wish == wish)
    }
}
