package import BerthClient
package import BerthCore

/// Which daemon a command speaks to.
package enum DaemonChoice {
    /// - Parameters:
    ///   - socket: `--socket`.
    ///   - url: `--url`.
    ///   - authorities: `--tls-ca`.
    ///   - readFile: a file's text; nil where there is no such file.
    /// - Returns: the daemon that was named, or the places to look in, best first.
    /// - Throws: ``ErrorCode/configuration`` for a URL or token file that cannot be used.
    package static func endpoints(
        socket: String?, url: String?, authorities: String? = nil, environment: [String: String],
        readFile: (String) throws(BerthError) -> String?
    ) throws(BerthError) -> [Endpoint] {
        let layers = Layers(environment: environment)
        if let socket { return [.unixSocket(path: socket)] }
        let trusted = layers.text(authorities, "--tls-ca", "BERTH_TLS_CA", nil)?.value
        if let url { return [try endpoint(Setting(url, .flag("--url")), trusting: trusted, layers, readFile)] }
        // `none` tells `berth serve` to open no socket, so there is none to call at either.
        if let socket = layers.variable("BERTH_SOCKET"), socket.value != "none" {
            return [.unixSocket(path: socket.value)]
        }
        if let url = layers.variable("BERTH_URL") { return [try endpoint(url, trusting: trusted, layers, readFile)] }
        let own = ownDatabase(layers).map { Endpoint.unixSocket(path: StatePaths.sibling("berth.sock", of: $0)) }
        return [.unixSocket(path: StatePaths.systemSocket)] + (own.map { [$0] } ?? [])
    }

    private static func endpoint(
        _ url: Setting<String>, trusting authorities: String?, _ layers: Layers,
        _ readFile: (String) throws(BerthError) -> String?
    ) throws(BerthError) -> Endpoint {
        guard let base = Endpoint.base(url.value) else {
            throw .setting(url.source, "'\(url.value)' is no daemon's URL; write it like http://127.0.0.1:7117")
        }
        return .url(
            base, token: try token(for: base, layers, readFile),
            authorities: base.hasPrefix("https:") ? authorities : nil)
    }

    /// `BERTH_TOKEN`, else what stands in the token file. The file of this host's own daemon is read for this host
    /// alone: its token is no other host's business.
    private static func token(
        for base: String, _ layers: Layers, _ readFile: (String) throws(BerthError) -> String?
    ) throws(BerthError) -> String? {
        if let token = layers.variable("BERTH_TOKEN") { return try checked(token) }
        if let path = layers.variable("BERTH_TOKEN_FILE") {
            guard let text = try readFile(path.value) else {
                throw .setting(path.source, "there is no file \(path.value)")
            }
            return try checked(Setting(text, .file(path.value, line: nil)))
        }
        guard Endpoint.isLoopback(base), let database = ownDatabase(layers) else { return nil }
        let path = StatePaths.sibling("token", of: database)
        guard let text = try readFile(path) else { return nil }
        return try checked(Setting(text, .file(path, line: nil)))
    }

    /// A token goes into a header: it must be visible ASCII.
    private static func checked(_ token: Setting<String>) throws(BerthError) -> String {
        guard let match = token.value.wholeMatch(of: /\s*([!-~]+)\s*/) else {
            throw .setting(token.source, "this holds no token")
        }
        return String(match.1)
    }

    private static func ownDatabase(_ layers: Layers) -> String? {
        layers.variable("BERTH_DATABASE")?.value ?? StatePaths.ownDatabase(layers.environment)
    }
}
