internal import BerthCore

/// A request's head, read for what the router has to know.
final class RequestReading {
    /// What is asked for.
    enum Wish: Hashable {
        case agent(RouteTarget)
        case redirect(String)
    }

    /// What the last request of the connection said, which most say again.
    struct Memory {
        var host: RequestHost?
        var target: RouteTarget?
        var credential = Credential.Memory()
    }

    let wish: Wish
    let host: RequestHost
    let framing: BodyFraming
    /// The protocol that is asked for; nil for HTTP as it is.
    let upgrade: String?

    /// - Parameter host: reads the value of `Host`.
    /// - Throws: `malformed-request`, `forbidden-host`, `not-found`.
    init(
        _ head: RequestHead, scheme: String, memory: inout Memory, host: (String) -> RequestHost
    ) throws(BerthError) {
        guard head.method != .connect else {
            throw BerthError(.malformedRequest, "This is no proxy: CONNECT is not answered.")
        }
        guard let text = head.fields.only(.host).map({ head.fields.string($0.value) }) else { throw Self.foreignHost }
        let named = memory.host.flatMap { $0.text == text ? $0 : nil } ?? host(text)
        guard named.isOwn else { throw Self.foreignHost }
        memory.host = named
        self.host = named
        let target = try Self.originForm(head.target, host: named.text, scheme: scheme)
        framing = try BodyFraming(of: head)
        upgrade = head.isCurrent && framing == .none && head.connection.hasUpgrade ? Self.upgrade(head.fields) : nil
        switch TargetReading(target: target, host: named.agent, last: memory.target) {
        case .agent(let target):
            memory.target = target
            wish = .agent(target)
        case .redirect(let place): wish = .redirect(place)
        case .nothing:
            throw BerthError(
                .notFound, "There is nothing here. Agents are at /s/{session}/{agent}/, and a slash in a name is %2F.")
        }
    }

    /// Another protocol than HTTP. One of its other versions would carry requests that nobody looks at here, and is not asked for
    /// (RFC 9110, 7.8: whoever does not know a protocol goes on without it).
    private static func upgrade(_ fields: FieldSection) -> String? {
        guard let value = fields.only(.upgrade).map({ fields.string($0.value) }) else { return nil }
        let names = value.utf8.split(separator: UInt8(ascii: ",")).map { name in
            name.filter { !WireSyntax.isBlank($0) }.prefix { $0 != UInt8(ascii: "/") }.map(WireSyntax.lowered)
        }
        let versions = ["http", "h2", "h2c", "h3", "tls"].map { Array($0.utf8) }
        return names.contains(where: versions.contains) ? nil : value
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
