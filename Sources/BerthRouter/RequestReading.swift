internal import BerthCore
internal import NIOHTTP1

/// A request's head, read for what the router has to know.
struct RequestReading {
    /// What is asked for.
    enum Wish: Hashable {
        case agent(RouteTarget)
        case redirect(String)
    }

    let wish: Wish
    let host: RequestHost
    let framing: BodyFraming
    /// The protocol that is asked for; nil for HTTP as it is.
    let upgrade: String?

    /// - Parameter host: reads the value of `Host`.
    /// - Throws: `malformed-request`, `forbidden-host`, `not-found`.
    init(
        _ head: HTTPRequestHead, scheme: String, host: (String) -> RequestHost
    ) throws(BerthError) {
        guard head.method != .CONNECT else {
            throw BerthError(.malformedRequest, "This is no proxy: CONNECT is not answered.")
        }
        let hosts = head.headers["host"]
        guard hosts.count == 1 else { throw Self.foreignHost }
        let named = host(hosts[0])
        guard named.isOwn else { throw Self.foreignHost }
        self.host = named
        let target = try Self.originForm(head.uri, host: named.text, scheme: scheme)
        framing = try BodyFraming(ofRequest: head)
        let protocols = head.headers["upgrade"]
        upgrade =
            head.version == .http1_1 && framing == .none && protocols.count == 1
                && ConnectionOptions(head.headers).hasUpgrade
            ? protocols[0] : nil
        switch TargetReading(target: target, host: named.agent) {
        case .agent(let target): wish = .agent(target)
        case .redirect(let place): wish = .redirect(place)
        case .nothing:
            throw BerthError(
                .notFound, "There is nothing here. Agents are at /s/{session}/{agent}/, and a slash in a name is %2F.")
        }
    }

    /// The target without the host that it may name (RFC 9112, 3.2.2), which must be the one of `Host`.
    private static func originForm(_ target: String, host: String, scheme: String) throws(BerthError) -> String {
        guard target.utf8.first != UInt8(ascii: "/"), target != "*" else { return target }
        let start = "\(scheme)://\(host)"
        guard target.lowercased().hasPrefix(start.lowercased()) else { throw foreignHost }
        let rest = target.dropFirst(start.count)
        switch rest.first {
        case nil: return "/"
        case "/": return String(rest)
        case "?": return "/" + rest
        default: throw foreignHost
        }
    }

    private static let foreignHost = BerthError(
        .forbiddenHost,
        "The request does not name this router as its one host. Use its address, localhost or"
            + " {agent}.{session}.localhost, or start it with --allowed-host for the name you use.")
}
