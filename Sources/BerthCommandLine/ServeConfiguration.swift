package import BerthCore

/// Everything that `berth serve` needs to know, checked, with all layers laid over each other.
package struct ServeConfiguration: Sendable {
    /// How log records are written: lines for people, or JSON for machines.
    package enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    /// swift-log's levels, least important first.
    package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// The database file's path.
    package var database: String
    /// The Unix socket's path; nil for none.
    package var socket: String?
    /// Who may connect to it.
    package var socketPermissions: SocketPermissions
    /// Nil for no TCP.
    package var listen: ListenAddress?
    /// Where requests to the sessions' agents come in; nil for no router.
    package var router: ListenAddress?
    /// Where the portserver protocol is served; nil for nowhere.
    package var portserver: PortserverAddress?
    /// What TCP is encrypted with; nil for HTTP in the clear.
    package var tls: TLSFiles?
    /// Whether other hosts may be spoken to in the clear: see ``listenRisk(isLoopback:)``.
    package var isInsecureListenAllowed: Bool
    /// The path of the administrator's token.
    package var tokenFile: String
    /// In the order they were named; no two overlap, and each can grant at least one port.
    package var pools: [Pool]
    package var limits: Limits
    /// What sessions can be started from, in the file's order.
    package var templates: [SessionTemplate]
    /// Where each template says whom it runs as, or where it begins.
    package var userSources: [TemplateName: SettingSource]
    /// What one principal may make of traffic.
    package var traffic: TrafficLimits
    /// How many days of audit are kept; nil keeps all of it.
    package var auditRetainDays: Int?
    /// One of ``logLevels``.
    package var logLevel: String
    package var logFormat: LogFormat
    /// Hosts that requests may name beside the listener's own.
    package var allowedHosts: [String]
    /// The configuration file that was read; nil when there is none.
    package var configurationFile: String?

    /// Lays flags over the environment over the file over the defaults.
    ///
    /// - Parameter readFile: a file's text; nil where there is no such file. A file that was named must exist, the
    ///   standard one need not.
    /// - Throws: ``ErrorCode/configuration``; the message begins with the flag, variable, or file and line at fault.
    package static func load(
        _ flags: ServeFlags, environment: [String: String], readFile: (String) throws(BerthError) -> String?
    ) throws(BerthError) -> ServeConfiguration {
        let layers = Layers(environment: environment)
        let (path, file) = try readConfiguration(flags, layers, readFile)
        let database = try database(flags, layers, file)
        let limits = try limits(flags, layers, file)
        let pools = try PoolLayers.pools(flags, layers, file)
        let templates = try TemplateLayers.templates(file, pools: pools)
        let configuration = ServeConfiguration(
            database: database,
            socket: try socket(flags, layers, file, database: database),
            socketPermissions: try SocketPermissions.load(flags, layers, file),
            listen: try listen(flags, layers, file),
            router: try router(flags, layers, file),
            portserver: try PortserverAddress.load(flags, layers, file),
            tls: try TLSFiles.load(flags, layers, file),
            isInsecureListenAllowed: try layers.choice(
                flags.insecureListen, "BERTH_INSECURE_LISTEN", file.insecureListen),
            tokenFile: layers.text(flags.tokenFile, "--token-file", "BERTH_TOKEN_FILE", file.tokenFile)?.value
                ?? StatePaths.sibling("token", of: database),
            pools: pools,
            limits: limits,
            templates: templates.map(\.template),
            userSources: Dictionary(templates.map { ($0.template.name, $0.userSource) }) { first, _ in first },
            traffic: try traffic(flags, layers, file),
            auditRetainDays: file.auditRetainDays?.value,
            logLevel: try logLevel(flags, layers, file),
            logFormat: try logFormat(flags, layers, file),
            allowedHosts: try allowedHosts(flags, file),
            configurationFile: path)
        return configuration
    }
}

extension ServeConfiguration {
    private static func readConfiguration(
        _ flags: ServeFlags, _ layers: Layers, _ readFile: (String) throws(BerthError) -> String?
    ) throws(BerthError) -> (path: String?, settings: FileSettings) {
        if let named = layers.text(flags.config, "--config", "BERTH_CONFIG", nil) {
            guard let text = try readFile(named.value) else {
                throw .setting(named.source, "there is no file \(named.value)")
            }
            return (named.value, try ConfigurationFile.parse(text, path: named.value))
        }
        guard let path = StatePaths.configuration(layers.environment), let text = try readFile(path) else {
            return (nil, FileSettings())
        }
        return (path, try ConfigurationFile.parse(text, path: path))
    }

    private static func database(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> String {
        if let setting = layers.text(flags.database, "--database", "BERTH_DATABASE", file.database) {
            guard !setting.value.isEmpty, !setting.value.hasSuffix("/") else {
                throw .setting(setting.source, "'\(setting.value)' is no path of a file")
            }
            return setting.value
        }
        guard let path = StatePaths.database(layers.environment) else {
            throw BerthError(
                .configuration,
                "There is no HOME and no XDG_STATE_HOME to keep the database in. Name a file with --database.")
        }
        return path
    }

    private static func socket(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings, database: String
    ) throws(BerthError) -> String? {
        let setting =
            layers.text(flags.socket, "--socket", "BERTH_SOCKET", file.socket)
            ?? Setting(StatePaths.socket(besideDatabase: database, layers.environment), .standard)
        if setting.value == "none" { return nil }
        // sun_path holds 108 bytes, a final zero among them (unix(7)).
        guard (1...107).contains(setting.value.utf8.count) else {
            throw .setting(
                setting.source,
                "a socket's path has 1 to 107 bytes, '\(setting.value)' has \(setting.value.utf8.count);"
                    + " name another with --socket")
        }
        return setting.value
    }

    private static func listen(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> ListenAddress? {
        guard let setting = layers.text(flags.listen, "--listen", "BERTH_LISTEN", file.listen) else {
            return .standard
        }
        return try ListenAddress.parse(setting)
    }

    private static func router(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> ListenAddress? {
        guard let setting = layers.text(flags.router, "--router", "BERTH_ROUTER", file.router) else { return nil }
        return try ListenAddress.parse(setting)
    }

    private static func limits(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> Limits {
        var limits = Limits()
        limits.maxSessions =
            try layers.integer(
                flags.maxSessions, "--max-sessions", "BERTH_MAX_SESSIONS", file.maxSessions, ConfigurationBounds.limit)
            ?? limits.maxSessions
        limits.maxPortsPerSession =
            try layers.integer(
                flags.maxPortsPerSession, "--max-ports-per-session", "BERTH_MAX_PORTS_PER_SESSION",
                file.maxPortsPerSession, ConfigurationBounds.limit) ?? limits.maxPortsPerSession
        limits.maxWaiting =
            try layers.integer(
                flags.maxWaiting, "--max-waiting", "BERTH_MAX_WAITING", file.maxWaiting, ConfigurationBounds.waiting)
            ?? limits.maxWaiting
        limits.ticketIdleSeconds = file.ticketIdleSeconds?.value ?? limits.ticketIdleSeconds
        return limits
    }

    private static func traffic(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> TrafficLimits {
        let rate = try layers.integer(
            flags.maxRequestsPerSecond, "--max-requests-per-second", "BERTH_MAX_REQUESTS_PER_SECOND",
            file.maxRequestsPerSecond, ConfigurationBounds.limit)
        let burst = try layers.integer(
            flags.maxRequestBurst, "--max-request-burst", "BERTH_MAX_REQUEST_BURST", file.maxRequestBurst,
            ConfigurationBounds.limit)
        let connections = try layers.integer(
            flags.maxConnections, "--max-connections", "BERTH_MAX_CONNECTIONS", file.maxConnections,
            ConfigurationBounds.limit)
        guard rate != nil || burst == nil else {
            throw BerthError(
                .configuration, "A burst of requests needs a rate beside it: set --max-requests-per-second too.")
        }
        return TrafficLimits(
            requests: rate.map { TrafficLimits.Rate(perSecond: $0, burst: burst ?? 2 * $0) },
            maxConnections: connections)
    }

    private static func logLevel(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> String {
        guard let setting = layers.text(flags.logLevel, "--log-level", "BERTH_LOG_LEVEL", file.logLevel) else {
            return "info"
        }
        guard logLevels.contains(setting.value) else {
            throw .setting(
                setting.source,
                "'\(setting.value)' is no log level; there are: \(logLevels.joined(separator: ", "))")
        }
        return setting.value
    }

    private static func logFormat(
        _ flags: ServeFlags, _ layers: Layers, _ file: FileSettings
    ) throws(BerthError) -> LogFormat {
        guard let setting = layers.text(flags.logFormat, "--log-format", "BERTH_LOG_FORMAT", file.logFormat) else {
            return .text
        }
        guard let format = LogFormat(rawValue: setting.value) else {
            throw .setting(setting.source, "'\(setting.value)' is no log format; there are: text, json")
        }
        return format
    }

    private static func allowedHosts(_ flags: ServeFlags, _ file: FileSettings) throws(BerthError) -> [String] {
        let named = flags.allowedHosts.map { Setting($0, .flag("--allowed-host")) }
        let settings = named.isEmpty ? file.allowedHosts ?? [] : named
        for setting in settings where setting.value.wholeMatch(of: /[^\s\/?#@]+/) == nil {
            throw .setting(setting.source, "'\(setting.value)' is no host")
        }
        return settings.map(\.value)
    }
}
