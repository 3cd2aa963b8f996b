import BerthCore
import BerthTestSupport
import Testing

@testable import BerthRouter

@Suite struct `Who may speak to an agent` {
    /// Knows `mine` for every session, and `theirs` for none.
    private struct Gate: RouteGuard {
        struct Secret: PresentedSecret {
            let text: String

            func judge(for session: RoutedSession?) -> Judgement {
                switch text {
                case "mine": session == nil ? .foreign : .allowed
                case "theirs": .foreign
                default: .unknown
                }
            }
        }

        func present(_ secret: String) -> any PresentedSecret { Secret(text: secret) }
    }

    private let session = RoutedSession(name: "alice", row: 1, principal: .token("a"))

    private func found(
        _ fields: [(String, String)], _ session: RoutedSession?
    ) throws -> Result<Credential, ErrorCodeOf> {
        let section = try Heads.section(fields)
        var memory = Credential.Memory()
        do throws(BerthError) {
            return .success(try Credential.find(in: section, for: session, memory: &memory, Gate()))
        } catch {
            return .failure(ErrorCodeOf(code: error.code))
        }
    }

    private struct ErrorCodeOf: Error, Equatable { let code: ErrorCode }

    @Test func `shows it in one of three places`() throws {
        #expect(try found([("Authorization", "Bearer mine")], session) == .success(.authorization))
        #expect(try found([("Berth-Authorization", "bearer  mine")], session) == .success(.ownField))
        #expect(try found([("Cookie", "a=b; berth_session=mine")], session) == .success(.cookie))
        #expect(
            try found([("Authorization", "Bearer agents-own"), ("Berth-Authorization", "Bearer mine")], session)
                == .success(.ownField))
        #expect(
            try found([("Authorization", "Basic x"), ("Cookie", "berth_session=mine")], session) == .success(.cookie))
    }

    @Test(arguments: [
        [], [("Authorization", "Bearer wrong")], [("Authorization", "mine")], [("Authorization", "Basic mine")],
        [("Authorization", "Bearer mine"), ("Authorization", "Bearer mine")],
        [("Berth-Authorization", "Bearer wrong"), ("Authorization", "Bearer mine")],
        [("Cookie", "berth_session=mine; berth_session=wrong")], [("Cookie", "xberth_session=mine")],
        [("Cookie", "x=\u{0600}; berth_session=mine; berth_session=wrong")],
    ])
    func `is nobody without`(fields: [(String, String)]) throws {
        #expect(try found(fields, session) == .failure(ErrorCodeOf(code: .unauthorized)))
        #expect(try found(fields, nil) == .failure(ErrorCodeOf(code: .unauthorized)))
    }

    @Test func `does not learn of others' sessions`() throws {
        #expect(try found([("Authorization", "Bearer theirs")], session) == .failure(ErrorCodeOf(code: .notFound)))
        #expect(try found([("Authorization", "Bearer mine")], nil) == .failure(ErrorCodeOf(code: .notFound)))
    }

    @Test func `holds a session's token by its row and the administrator's token`() {
        let key = SessionTokenKey(administratorToken: "administrator")
        let token = key.token(ofSession: 7).text
        #expect(token.utf8.count == 43)
        #expect(key.opens(token, session: 7))
        #expect(
            !key.opens(token, session: 8) && !key.opens(String(token.dropLast()), session: 7)
                && !key.opens("", session: 7))
        #expect(!SessionTokenKey(administratorToken: "another").opens(token, session: 7))
    }

    private func browser(
        _ fields: [(String, String)], _ method: String = "GET", host: String = "localhost:7118"
    ) throws -> Bool {
        let head = try Heads.request(fields, method)
        return (try? BrowserCheck.check(head, host: host, scheme: "http")) != nil
    }

    @Test func `comes with a cookie from this place alone`() throws {
        #expect(
            try browser([])
                && browser([("Origin", "http://localhost:7118"), ("Sec-Fetch-Site", "same-origin")], "POST"))
        #expect(try !browser([("Origin", "http://evil.example")], "POST") && !browser([("Origin", "null")], "POST"))
        #expect(try !browser([("Origin", "http://localhost:7119")]) && !browser([("Origin", "https://localhost:7118")]))
        #expect(
            try !browser([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")])
        )
        let link = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
        #expect(try browser(link) && !browser(link, "POST"))
        #expect(try browser([("Origin", "http://b.alice.localhost:7118")], "POST", host: "a.alice.localhost:7118"))
        #expect(try !browser([("Origin", "http://b.bob.localhost:7118")], "POST", host: "a.alice.localhost:7118"))
    }
}
