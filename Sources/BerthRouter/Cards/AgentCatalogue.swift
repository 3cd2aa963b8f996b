package import BerthCore

/// All agents of a session with their cards, in one JSON text.
package struct AgentCatalogue: Sendable {
    /// One agent as it is told of.
    package struct Entry: Sendable {
        package var name: AgentName
        /// The public one.
        package var url: String
        /// Its card as it passes the router; nil where there is none.
        package var card: [UInt8]?
        /// `reserved`, `running` or `exited`.
        package var state: String

        package init(name: AgentName, url: String, card: [UInt8]?, state: String) {
            self.name = name
            self.url = url
            self.card = card
            self.state = state
        }
    }

    package var session: SessionName
    package var agents: [Entry]

    package init(session: SessionName, agents: [Entry]) {
        self.session = session
        self.agents = agents
    }

    /// `{"session", "agents": [{"name", "url", "card", "state"}]}`. A card stands there as it was written; what is no JSON
    /// object is told as null.
    package var json: [UInt8] {
        var text = Array("{\"session\":".utf8) + JSONDocument.quoted(session.rawValue) + Array(",\"agents\":[".utf8)
        for (index, agent) in agents.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += Array("{\"name\":".utf8) + JSONDocument.quoted(agent.name.rawValue)
            text += Array(",\"url\":".utf8) + JSONDocument.quoted(agent.url)
            text += Array(",\"card\":".utf8) + (Self.object(agent.card) ?? Array("null".utf8))
            text += Array(",\"state\":".utf8) + JSONDocument.quoted(agent.state) + Array("}".utf8)
        }
        return text + Array("]}".utf8)
    }

    private static func object(_ card: [UInt8]?) -> [UInt8]? {
        guard let card, let document = JSONDocument(card), card[document.root.lowerBound] == UInt8(ascii: "{") else {
            return nil
        }
        return Array(card[document.root])
    }
}
