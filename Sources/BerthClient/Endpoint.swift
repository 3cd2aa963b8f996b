/// Where a daemon may answer, and how a caller shows who it is there.
package enum Endpoint: Hashable, Sendable {
    /// A Unix socket: the kernel tells the daemon who calls.
    case unixSocket(path: String)
    /// A base such as `http://127.0.0.1:7117`, and the bearer token when there is one. For `https` a PEM file of
    /// authorities that are trusted beside the system's.
    case url(String, token: String?, authorities: String? = nil)

    /// The longest path that fits `sun_path` with its final zero byte (unix(7)).
    package static let longestSocketPath = 107

    /// A base URL as people write it: `http` or `https`, a host, perhaps a port, no path. A final slash is dropped.
    ///
    /// - Returns: the base without a final slash; nil for anything else.
    package static func base(_ text: String) -> String? {
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let match = trimmed.wholeMatch(of: /https?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[^\s\/\[\]:?#@]+)(?::(\d{1,5}))?/)
        else { return nil }
        if let port = match.1 {
            guard let number = Int(port), (1...65_535).contains(number) else { return nil }
        }
        return trimmed
    }

    /// Whether a base URL leads back to this host, by its name alone: `localhost`, 127.0.0.0/8 or ::1.
    package static func isLoopback(_ base: String) -> Bool {
        base.wholeMatch(of: /https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?/) != nil
    }
}

extension Endpoint: CustomStringConvertible {
    /// The path or the URL; never the token.
    package var description: String {
        switch self {
        case .unixSocket(let path): path
        case .url(let base, _, _): base
        }
    }
}
