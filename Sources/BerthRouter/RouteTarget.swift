internal import BerthCore

/// Which agent a request is for, and what of its target the agent sees.
struct RouteTarget: Hashable {
    let session: SessionSelector
    let agent: AgentName
    /// Path and query, as they were sent.
    let path: String
    /// What stood before it, as it was sent: `/s/alice/planner`; empty where the host names the agent.
    let prefix: String

    /// Another target that begins with the same prefix; nil for any other.
    func again(_ target: String) -> RouteTarget? {
        guard !prefix.isEmpty, target.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = target.utf8.dropFirst(prefix.utf8.count)
        guard rest.first == UInt8(ascii: "/") else { return nil }
        return RouteTarget(session: session, agent: agent, path: String(Substring(rest)), prefix: prefix)
    }
}

/// What a request's target says.
enum TargetReading: Hashable {
    case agent(RouteTarget)
    /// The same with a slash behind it, so that relative links of the agent's pages mean what they say.
    case redirect(String)
    /// Nothing that the router has.
    case nothing

    /// - Parameters:
    ///   - host: the agent that the host names, if it does.
    ///   - last: what was read before on the same connection: most clients stay with one agent.
    init(target: String, host: AgentHost?, last: RouteTarget? = nil) {
        guard let host else {
            self = last?.again(target).map { .agent($0) } ?? Self.path(target)
            return
        }
        self = .agent(
            RouteTarget(session: .label(host.label), agent: host.agent, path: target.isEmpty ? "/" : target, prefix: "")
        )
    }

    /// `/s/{session}/{agent}/…`. A session's name may have a slash in it, which is written `%2F`.
    private static func path(_ target: String) -> TargetReading {
        guard target.hasPrefix("/s/") else { return .nothing }
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        let path = target[..<end].dropFirst(3)
        guard let first = path.utf8.firstIndex(of: UInt8(ascii: "/")) else { return .nothing }
        let rest = path[path.index(after: first)...]
        let second = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        guard let session = PercentEncoding.decoded(path[..<first]).flatMap(SessionName.init(rawValue:)),
            let agent = PercentEncoding.decoded(rest[..<second]).flatMap(AgentName.init(rawValue:))
        else { return .nothing }
        guard second < rest.endIndex else { return .redirect(target[..<second] + "/" + target[second...]) }
        return .agent(
            RouteTarget(
                session: .name(session), agent: agent, path: String(target[second...]),
                prefix: String(target[..<second])))
    }
}

/// Percent-encoding (RFC 3986, 2.1).
enum PercentEncoding {
    /// Nil for what is not well-formed, or no UTF-8.
    static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(WireSyntax.hexDigit),
                let low = rest.popFirst().flatMap(WireSyntax.hexDigit)
            else {
                return nil
            }
            bytes.append(UInt8(high << 4 | low))
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
