package import BerthCore
package import NIOHTTP1

/// Makes agent cards of A2A say the URLs by which the router's clients reach the agents
/// (https://a2a-protocol.org, versions 0.3 and 1.0).
///
/// An agent knows the port that it listens on, and writes it into its card: `supportedInterfaces[].url` in 1.0, `url` and
/// `additionalInterfaces[].url` in 0.3. Those that point at a port of the session's own lease are replaced. Everything else
/// stays as it was written, byte for byte, but for `signatures`: they sign the card as it was, and would no longer be true.
package struct CardRewriting: Sendable {
    /// The longest card that is looked into.
    package static let maxBytes = 1024 * 1024

    private let publicURL: PublicURL

    /// - Parameter bases: for each port of the lease what stands in front of a path of its agent, without a slash behind
    ///   it: `http://127.0.0.1:7118/s/alice/planner`, or `http://planner.alice.localhost:7118`.
    package init(bases: [Port: String]) { publicURL = PublicURL(bases: bases) }

    /// Whether an agent's path, without a query, is that of its card: the one of today (RFC 8615), or the one before A2A
    /// 0.3.
    package static func isCard(path: String) -> Bool {
        path == "/.well-known/agent-card.json" || path == "/.well-known/agent.json"
    }

    /// - Parameters:
    ///   - headers: of an answer with status 200 and this whole body.
    /// - Returns: nil for an answer that passes as it is: encoded, too long, no JSON, or without such a URL.
    package func rewrite(_ headers: HTTPHeaders, _ body: [UInt8]) -> (headers: HTTPHeaders, body: [UInt8])? {
        let codings = headers[canonicalForm: "Content-Encoding"]
        guard codings.allSatisfy({ $0.lowercased() == "identity" }), let changed = rewrite(body) else { return nil }
        var fields = Self.withoutValidators(headers)
        fields.add(name: "ETag", value: EntityTag(of: changed).description)
        fields.add(name: "Content-Length", value: String(changed.count))
        return (fields, changed)
    }

    /// - Returns: nil for a body that passes as it is.
    func rewrite(_ body: [UInt8]) -> [UInt8]? {
        guard body.count <= Self.maxBytes, let document = JSONDocument(body) else { return nil }
        let members = document.members(of: document.root)
        let places = Self.urls(in: members, document)
        let changes = places.compactMap { place -> (range: Range<Int>, bytes: [UInt8])? in
            guard let url = document.string(place).flatMap(publicURL.of) else { return nil }
            return (place, JSONDocument.quoted(url))
        }
        guard !changes.isEmpty else { return nil }
        let removals = Self.removals(of: "signatures", among: members).map { (range: $0, bytes: [UInt8]()) }
        var rest = document.bytes[...]
        var changed: [UInt8] = []
        for change in (changes + removals).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            changed += rest[..<change.range.lowerBound] + change.bytes
            rest = rest[change.range.upperBound...]
        }
        return changed + rest
    }

    /// The fields without those that speak of the body as the agent sent it. Last-Modified stays.
    private static func withoutValidators(_ headers: HTTPHeaders) -> HTTPHeaders {
        var fields = headers
        for name in [
            "ETag", "Content-Length", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5", "Accept-Ranges",
        ] { fields.remove(name: name) }
        return fields
    }

    /// Where the URLs stand that the agent is reached by. One of gRPC stays: the router does not speak HTTP/2.
    private static func urls(in members: [JSONDocument.Member], _ document: JSONDocument) -> [Range<Int>] {
        let interfaces = members.filter { $0.name == "supportedInterfaces" || $0.name == "additionalInterfaces" }
            .flatMap { document.elements(of: $0.value) }.map { document.members(of: $0) }
        let own = isGRPC(members, "preferredTransport", document) ? [] : members
        let others = interfaces.filter { interface in
            !isGRPC(interface, "protocolBinding", document) && !isGRPC(interface, "transport", document)
        }
        return ([own] + others).joined().filter { $0.name == "url" }.map(\.value)
    }

    private static func isGRPC(_ members: [JSONDocument.Member], _ name: String, _ document: JSONDocument) -> Bool {
        members.contains { $0.name == name && document.string($0.value)?.uppercased() == "GRPC" }
    }

    /// What to take away so that an object loses all members of a name, each with the comma that parted it from the rest.
    private static func removals(of name: String, among members: [JSONDocument.Member]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var hasKept = false
        for (index, member) in members.enumerated() {
            guard member.name == name else {
                hasKept = true
                continue
            }
            if hasKept {
                ranges.append(members[index - 1].range.upperBound..<member.range.upperBound)
            } else {
                let end = index + 1 < members.count ? members[index + 1].range.lowerBound : member.range.upperBound
                ranges.append(member.range.lowerBound..<end)
            }
        }
        return ranges
    }
}
