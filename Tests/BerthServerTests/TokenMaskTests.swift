import Testing

@testable import BerthServer

@Suite struct `Tokens in the log` {
    private let token = "x3rX6LZBD5Gg1YwExFoBE7d95t3VzfJTZL7A3cY-_Qz"

    @Test func `are cut wherever they stand`() {
        #expect(token.utf8.count == 43)
        for (before, after) in [
            ("", ""), ("field: ", ": no such"), ("'", "'"), ("é", "é"), ("?token=", "&x=1"), ("/", "."),
        ] {
            #expect(TokenMask.masked(before + token + after) == before + "x3rX…" + after)
        }
        #expect(TokenMask.masked("\(token)x \(token)") == "x3rX… x3rX…")
    }

    @Test func `are told from what is shorter`() {
        for text in [
            "", "session: must be 1 to 128 characters", String(token.dropLast()), "a/" + String(token.dropLast(3)),
        ] {
            #expect(TokenMask.masked(text) == text)
        }
    }
}
