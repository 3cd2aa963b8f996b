import BerthCore
import HTTPTypes
import Hummingbird
import NIOCore

/// Keeps out what a web page of another origin makes a browser send.
///
/// A page whose name was rebound to 127.0.0.1 sends its own name as `Host`; a page that simply posts across origins
/// sends its `Origin`. Both are compared exactly, after parsing.
package struct HostCheck: Sendable {
    private let allowedHosts: Set<String>

    /// - Parameter allowedHosts: names that clients may use for this daemon beside `localhost` and its addresses.
    package init(allowedHosts: [String]) {
        self.allowedHosts = Set(allowedHosts.map { $0.lowercased() } + ["localhost"])
    }

    /// - Throws: `forbidden-host`, `forbidden-origin`.
    func check(_ request: Request, on channel: any Channel) throws(BerthError) {
        let address = channel.localAddress
        guard request.headers[values: .host].isEmpty, let authority = request.head.authority,
            let host = Authority(authority), isOwn(host, address)
        else {
            throw BerthError(
                .forbiddenHost,
                "The Host header does not name this daemon. Use its address or localhost, or start it with"
                    + " --allowed-host for the name you use.")
        }
        let origins = request.headers[values: .origin]
        guard !origins.isEmpty else { return }
        guard origins.count == 1, let origin = origins.first, origin.lowercased().hasPrefix("http://"),
            let from = Authority(String(origin.dropFirst("http://".count))), isOwn(from, address),
            from.port ?? 80 == address?.port
        else {
            throw BerthError(.forbiddenOrigin, "Requests from pages of other origins are not answered.")
        }
    }

    /// A name on the list, or the very address that the connection came in on.
    private func isOwn(_ host: Authority, _ address: SocketAddress?) -> Bool {
        allowedHosts.contains(host.name) || host.name == address?.ipAddress
    }
}

/// A host and perhaps a port, as `Host` and `Origin` have them (RFC 9110, 7.2).
struct Authority: Hashable {
    /// In lower case, an IPv6 address without its brackets.
    let name: String
    let port: Int?

    /// Nil for anything that is not exactly a host with an optional port: no user, no path, no blank.
    init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<end].lowercased()
            guard Self.isIPv6(name) else { return nil }
            rest = text[text.index(after: end)...]
        } else {
            let host = text.prefix { $0 != ":" }
            name = host.lowercased()
            rest = text[host.endIndex...]
            guard name.utf8.allSatisfy(Self.isNameByte) else { return nil }
        }
        guard !name.isEmpty else { return nil }
        if rest.isEmpty {
            port = nil
        } else {
            guard rest.first == ":", (1...5).contains(rest.count - 1),
                rest.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }),
                let number = Int(rest.dropFirst()), (1...65_535).contains(number)
            else { return nil }
            port = number
        }
    }

    /// Brackets are for IPv6 addresses alone (RFC 3986, 3.2.2), and a zone has no meaning to anybody but its host.
    private static func isIPv6(_ text: String) -> Bool {
        guard !text.contains("%"), case .v6? = try? SocketAddress(ipAddress: text, port: 0) else { return false }
        return true
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let character = Character(Unicode.Scalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == ".")
    }
}
