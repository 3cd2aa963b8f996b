package import BerthCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Keeps out what a web page of another origin makes a browser send.
///
/// A page whose name was rebound to 127.0.0.1 sends its own name as `Host`; a page that posts across origins sends its
/// `Origin`; and where a browser sends neither, as for an image or a link, it says `Sec-Fetch-Site`. All of them are
/// compared exactly, after parsing: a host is what it names, not how it begins or ends.
package struct HostCheck: Sendable {
    private let allowed: [Authority]
    /// What the listener speaks.
    let scheme: WebScheme

    /// - Parameters:
    ///   - allowedHosts: names that clients may use for this daemon beside `localhost` and its addresses, with any port,
    ///     or with the one that stands there.
    ///   - scheme: what the listener speaks.
    /// - Throws: `configuration` for what no request could ever name.
    package init(allowedHosts: [String], scheme: WebScheme = .http) throws(BerthError) {
        var allowed: [Authority] = []
        for text in allowedHosts {
            // An IPv6 address may stand there without its brackets.
            guard let host = Authority(text) ?? Authority("[\(text)]") else {
                throw BerthError(
                    .configuration, "'\(text)' is no host that a request could name; see --allowed-host.")
            }
            allowed.append(host)
        }
        self.allowed = allowed
        self.scheme = scheme
    }

    /// - Throws: `forbidden-host`, `forbidden-origin`.
    func check(_ request: Request, on channel: any Channel) throws(BerthError) {
        try check(Claims(request), at: ListenerEnd(channel.localAddress))
    }

    /// - Throws: `forbidden-host`, `forbidden-origin`.
    func check(_ claims: Claims, at end: ListenerEnd) throws(BerthError) {
        guard claims.hosts.count == 1, let host = Authority(claims.hosts[0]), isOwn(host, end) else {
            throw BerthError(
                .forbiddenHost,
                "The request does not name this daemon as its one host. Use its address or localhost, or start it with"
                    + " --allowed-host for the name you use.")
        }
        let areOwn =
            switch claims.origins.count {
            case 0: true
            case 1: isOwn(origin: claims.origins[0], end)
            default: false
            }
        guard areOwn, claims.sites.isEmpty || claims.sites == ["same-origin"] || claims.sites == ["none"] else {
            throw BerthError(.forbiddenOrigin, "Requests from pages of other origins are not answered.")
        }
    }

    /// Whether a `Host` names this daemon at that end.
    func isOwn(_ host: String, at end: ListenerEnd) -> Bool { Authority(host).map { isOwn($0, end) } ?? false }

    /// The very address that the connection came in on, `localhost`, or a name on the list.
    ///
    /// A port that is named must be right. One that is not is let pass: browsers always name it.
    private func isOwn(_ host: Authority, _ end: ListenerEnd) -> Bool {
        if end.isNamed(host.name), host.port == nil || host.port == end.port { return true }
        return allowed.contains { entry in
            entry.name == host.name && (entry.port == nil || entry.port == host.port ?? scheme.standardPort)
        }
    }

    /// An origin always has a port (RFC 6454, 4): the scheme's where it names none.
    private func isOwn(origin text: String, _ end: ListenerEnd) -> Bool {
        let start = "\(scheme.rawValue)://"
        guard text.lowercased().hasPrefix(start), let origin = Authority(String(text.dropFirst(start.count))) else {
            return false
        }
        let port = origin.port ?? scheme.standardPort
        if end.isNamed(origin.name), port == end.port { return true }
        return allowed.contains { $0.name == origin.name && port == $0.port ?? end.port }
    }
}

/// What a listener speaks.
package enum WebScheme: String, Sendable {
    case http, https

    /// The port of an authority that names none (RFC 9110, 4.2).
    var standardPort: Int {
        switch self {
        case .http: 80
        case .https: 443
        }
    }
}

/// What a request says about where it goes and where it comes from: every value, as it was sent.
struct Claims {
    var hosts: [String]
    var origins: [String]
    /// `Sec-Fetch-Site` (https://w3c.github.io/webappsec-fetch-metadata/).
    var sites: [String]

    init(hosts: [String], origins: [String] = [], sites: [String] = []) {
        self.hosts = hosts
        self.origins = origins
        self.sites = sites
    }

    init(_ request: Request) {
        // The first Host has become the authority; any others are still fields.
        let first = request.head.authority.map { [$0] } ?? []
        self.init(
            hosts: first + request.headers[values: .host], origins: request.headers[values: .origin],
            sites: request.headers[values: .secFetchSite])
    }
}

/// The daemon's end of a TCP connection.
struct ListenerEnd {
    let address: String
    let port: Int

    init(address: String, port: Int) {
        // A listener on all addresses of both families sees IPv4 clients come to a mapped address (RFC 4291, 2.5.5.2).
        let isMapped = address.hasPrefix("::ffff:") && address.contains(".")
        self.address = isMapped ? String(address.dropFirst("::ffff:".count)) : address
        self.port = port
    }

    /// Nobody can name an end that has no address.
    init(_ address: SocketAddress?) { self.init(address: address?.ipAddress ?? "", port: address?.port ?? 0) }

    func isNamed(_ name: String) -> Bool { name == "localhost" || name == address }
}
