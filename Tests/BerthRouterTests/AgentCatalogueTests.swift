import BerthCore
import Testing

@testable import BerthRouter

@Suite struct `A session's catalogue of agents` {
    private func json(_ cards: [String?]) throws -> String {
        let agents = try cards.enumerated().map { index, card in
            AgentCatalogue.Entry(
                name: try #require(AgentName(rawValue: "team-\(index + 1)")),
                url: "http://h/s/a%2Fb/team-\(index + 1)/",
                card: card.map { Array($0.utf8) }, state: "running")
        }
        let session = try #require(SessionName(rawValue: "a/b"))
        return String(decoding: AgentCatalogue(session: session, agents: agents).json, as: UTF8.self)
    }

    @Test func `has each agent with its card as it was written`() throws {
        #expect(try json([]) == #"{"session":"a/b","agents":[]}"#)
        #expect(
            try json([" {\"n\": 1.00}\n", nil]) == """
                {"session":"a/b","agents":[{"name":"team-1","url":"http://h/s/a%2Fb/team-1/","card":{"n": 1.00},\
                "state":"running"},{"name":"team-2","url":"http://h/s/a%2Fb/team-2/","card":null,"state":"running"}]}
                """)
    }

    @Test(arguments: ["", "null", "[]", "{", "{}}", "{},\"x\":{}", "\"x\"", "{\"a\":\u{1}}"])
    func `tells of no card where there is no object`(card: String) throws {
        let text = try json([card])
        #expect(text.contains(#""card":null,"#))
        #expect(JSONDocument(Array(text.utf8)) != nil)
    }
}
