internal import BerthCore

/// The URL by which clients reach what an agent serves on a loopback port.
struct PublicURL {
    /// For each port that has one, what stands in front of a path: `http://127.0.0.1:7118/s/alice/planner`.
    let bases: [Port: String]

    /// Hosts of this one. 0.0.0.0 is what an agent knows that listens on all addresses.
    private static let loopback: Set<Substring> = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"]
    private static let defaultPorts: [String: UInt16] = ["http": 80, "ws": 80, "https": 443, "wss": 443]

    /// The public form, with path, query and fragment as they were; nil for a URL that stays, since it points elsewhere
    /// or is none of HTTP or WebSocket. The scheme becomes the public one, of WebSocket for a WebSocket's.
    func of(_ url: String) -> String? {
        guard let mark = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<mark.lowerBound].lowercased()
        let behind = url[mark.upperBound...]
        let end = behind.firstIndex { "/?#".contains($0) } ?? behind.endIndex
        guard let standard = Self.defaultPorts[scheme], let port = Self.loopbackPort(behind[..<end], standard),
            let base = bases[port]
        else { return nil }
        let rest = behind[end...]
        // A URL without a path means the path "/" (RFC 9110, 4.2.3).
        let path = rest.hasPrefix("/") ? String(rest) : "/" + rest
        guard scheme.hasPrefix("ws") else { return base + path }
        // http becomes ws, https wss (RFC 6455, 3).
        return base.hasPrefix("http") ? "ws" + base.dropFirst(4) + path : nil
    }

    /// The port of an authority whose host is this one; nil for any other, and for one with a user in front.
    private static func loopbackPort(_ authority: Substring, _ standard: UInt16) -> Port? {
        let host: Substring
        let behind: Substring
        if authority.hasPrefix("["), let close = authority.firstIndex(of: "]") {
            host = authority[...close]
            behind = authority[close...].dropFirst()
        } else {
            host = authority.prefix { $0 != ":" }
            behind = authority[host.endIndex...]
        }
        guard loopback.contains(host.lowercased()[...]) else { return nil }
        if behind.isEmpty || behind == ":" { return Port(standard) }
        let digits = behind.dropFirst()
        guard behind.hasPrefix(":"), digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt16(digits).flatMap { Port($0) }
    }
}
