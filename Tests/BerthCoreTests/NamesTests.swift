import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A checked name` {
    @Test(arguments: ["a", "Z9", "web/agent-7:dev@host_1.2", String(repeating: "x", count: 128)])
    func `of a session or a lease takes letters, digits and some signs`(text: String) {
        #expect(SessionName(rawValue: text)?.description == text)
        #expect(LeaseName(rawValue: text)?.description == text)
    }

    @Test(arguments: [
        "", " ", "a b", "é", "e\u{301}", "a\n", "a\0", "a+b", "a#", "😀", String(repeating: "x", count: 129),
    ])
    func `of a session or a lease takes nothing else`(text: String) {
        #expect(SessionName(rawValue: text) == nil)
        #expect(LeaseName(rawValue: text) == nil)
    }

    @Test(arguments: ["a", "web-1", "0", "-", String(repeating: "x", count: 63)])
    func `of an agent or a pool takes small letters, digits and the hyphen`(text: String) {
        #expect(AgentName(rawValue: text)?.description == text)
        #expect(PoolName(rawValue: text)?.description == text)
    }

    @Test(arguments: ["", "A", "a_b", "a.b", "a/b", "ä", "١", String(repeating: "x", count: 64)])
    func `of an agent or a pool takes nothing else`(text: String) {
        #expect(AgentName(rawValue: text) == nil)
        #expect(PoolName(rawValue: text) == nil)
    }

    /// Every ASCII character, against the rule as people read it.
    @Test func `takes exactly the characters that its rule names`() {
        let label = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        let holder = label.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ._:@/")
        for character in (UInt8(0)..<128).map({ Character(Unicode.Scalar($0)) }) {
            #expect((SessionName(rawValue: String(character)) != nil) == holder.contains(character))
            #expect((LeaseName(rawValue: String(character)) != nil) == holder.contains(character))
            #expect((AgentName(rawValue: String(character)) != nil) == label.contains(character))
            #expect((PoolName(rawValue: String(character)) != nil) == label.contains(character))
        }
    }

    @Test func `is well formed where the code makes it up`() {
        #expect(PoolName(rawValue: PoolName.standard.rawValue) == .standard)
    }
}
