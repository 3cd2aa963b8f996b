package import BerthCore
internal import NIOCore
internal import NIOHTTP1

/// Makes the cards that pass the router say its URLs; see ``CardRewriting``.
package struct CardTransform: AnswerTransform {
    /// The live agents of a lease with their ports.
    private let agents: @Sendable (AgentRoute) -> [AgentName: Port]

    /// - Parameter agents: of the route's lease, for cards that name their neighbours; the route's own need not be there.
    package init(agents: @escaping @Sendable (AgentRoute) -> [AgentName: Port]) { self.agents = agents }

    /// Where cards lie, unless the template lets them pass.
    package func wants(_ route: AgentRoute, path: String) -> Bool {
        route.card == .rewrite && CardRewriting.isCard(path: path)
    }

    /// The card with the router's URLs; any other answer as it is.
    package func transform(
        _ answer: WholeAnswer, of route: AgentRoute, path: String, at place: PublicPlace
    ) -> WholeAnswer {
        guard answer.status == .ok else { return answer }
        var bases = [route.port: place.base(of: route.agent, beside: route.agent)]
        for (name, port) in agents(route) { bases[port] = place.base(of: name, beside: route.agent) }
        let body = Array(answer.body.readableBytesView)
        guard let changed = CardRewriting(bases: bases).rewrite(answer.headers, body) else { return answer }
        var headers = changed.headers
        // The router frames the body itself.
        headers.remove(name: "Content-Length")
        return WholeAnswer(status: .ok, headers: headers, body: ByteBuffer(bytes: changed.body))
    }
}

extension PublicPlace {
    /// What stands in front of the paths of an agent, where this is the place of another of the same session.
    func base(of agent: AgentName, beside own: AgentName) -> String {
        guard prefix.isEmpty else {
            let session = prefix.prefix(upTo: prefix.lastIndex(of: "/") ?? prefix.endIndex)
            return "\(scheme)://\(authority)\(session)/\(agent)"
        }
        return "\(scheme)://\(agent)\(authority.dropFirst(own.rawValue.utf8.count))"
    }
}
