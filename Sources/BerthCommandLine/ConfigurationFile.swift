import BerthCore
import Yams

/// The configuration file, `berth.yaml`.
enum ConfigurationFile {
    private static let keys: Set<String> = [
        "pools", "limits", "audit", "listen", "database", "socket", "socket_mode", "socket_group", "token_file",
        "log_level", "log_format", "allowed_hosts", "insecure_listen", "portserver", "router", "templates",
        "tls_certificate", "tls_key",
    ]
    private static let poolKeys: Set<String> = [
        "ports", "exclude", "max_block", "default_ttl_seconds", "quarantine_seconds", "queue",
    ]
    private static let limitKeys: Set<String> = [
        "max_sessions", "max_ports_per_session", "max_waiting", "ticket_idle_seconds", "max_requests_per_second",
        "max_request_burst", "max_connections",
    ]

    /// - Throws: ``ErrorCode/configuration`` with the path and the line for whatever is wrong.
    static func parse(_ text: String, path: String) throws(BerthError) -> FileSettings {
        guard let root = try compose(text, path: path) else { return FileSettings() }
        let reader = try YAMLReader(root, path: path, name: "the configuration", known: keys)
        var settings = FileSettings()
        settings.database = try reader.text("database")
        settings.socket = try reader.text("socket")
        settings.socketMode = try reader.literal("socket_mode")
        settings.socketGroup = try reader.literal("socket_group")
        settings.listen = try reader.text("listen")
        settings.router = try reader.text("router")
        settings.portserver = try reader.text("portserver")
        settings.insecureListen = try reader.flag("insecure_listen")
        settings.tlsCertificate = try reader.text("tls_certificate")
        settings.tlsKey = try reader.text("tls_key")
        settings.tokenFile = try reader.text("token_file")
        settings.logLevel = try reader.text("log_level")
        settings.logFormat = try reader.text("log_format")
        settings.allowedHosts = try reader.texts("allowed_hosts")
        if let limits = try reader.mapping("limits", known: limitKeys) {
            settings.maxSessions = try limits.integer("max_sessions", ConfigurationBounds.limit)
            settings.maxPortsPerSession = try limits.integer("max_ports_per_session", ConfigurationBounds.limit)
            settings.maxWaiting = try limits.integer("max_waiting", ConfigurationBounds.waiting)
            settings.ticketIdleSeconds = try limits.integer(
                "ticket_idle_seconds", ConfigurationBounds.ticketIdleSeconds)
            settings.maxRequestsPerSecond = try limits.integer("max_requests_per_second", ConfigurationBounds.limit)
            settings.maxRequestBurst = try limits.integer("max_request_burst", ConfigurationBounds.limit)
            settings.maxConnections = try limits.integer("max_connections", ConfigurationBounds.limit)
        }
        if let audit = try reader.mapping("audit", known: ["retain_days"]) {
            settings.auditRetainDays = try audit.integer("retain_days", ConfigurationBounds.retainDays)
        }
        if let pools = try reader.mapping("pools", known: nil) {
            for key in pools.keys { settings.pools.append(try pool(key, pools)) }
        }
        let mistakes = Mistakes()
        settings.templates = TemplatesReader(mistakes: mistakes).templates(root, path: path)
        settings.templateMistakes = mistakes.all
        return settings
    }

    private static func pool(_ key: Setting<String>, _ pools: YAMLReader) throws(BerthError) -> PoolSettings {
        guard let name = PoolName(rawValue: key.value) else {
            throw .setting(key.source, "'\(key.value)' is no name for a pool: it must be \(PoolName.rule)")
        }
        var settings = PoolSettings(name: Setting(name, key.source))
        guard let reader = try pools.mapping(key.value, known: poolKeys) else { return settings }
        if let ports = try reader.texts("ports") {
            guard let first = ports.first else { throw .setting(key.source, "the pool '\(name)' has no ports") }
            settings.ranges = Setting(try blocks(ports), first.source)
        }
        settings.excluded = try blocks(try reader.texts("exclude") ?? [])
        settings.maxBlock = try reader.integer("max_block", ConfigurationBounds.maxBlock)
        settings.defaultTTLSeconds = try reader.integer("default_ttl_seconds", ConfigurationBounds.ttlSeconds)
        settings.quarantineSeconds = try reader.number("quarantine_seconds", ConfigurationBounds.quarantineSeconds)
        if let queue = try reader.text("queue") {
            guard let policy = QueuePolicy(rawValue: queue.value) else {
                let names = QueuePolicy.allCases.map(\.rawValue).joined(separator: ", ")
                throw .setting(queue.source, "'\(queue.value)' is no way to serve a line; there are: \(names)")
            }
            settings.queue = policy
        }
        return settings
    }

    private static func blocks(_ texts: [Setting<String>]) throws(BerthError) -> [PortBlock] {
        var blocks: [PortBlock] = []
        for text in texts { blocks.append(try PortRangeText.block(text.value, text.source)) }
        return blocks
    }

    private static func compose(_ text: String, path: String) throws(BerthError) -> Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch {
            throw unreadable(error, text, path: path)
        }
    }

    private static func unreadable(_ error: any Error, _ text: String, path: String) -> BerthError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // libyaml sees the end of the text on a line of its own, which no editor shows.
            .setting(
                .file(path, line: min(mark.line, text.split(separator: "\n", omittingEmptySubsequences: false).count)),
                "this is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            .setting(
                .file(path, line: context.mark.line),
                "a key stands here more than once: \(duplicates.sorted().joined(separator: ", "))")
        default: BerthError(.configuration, "\(path): this is no YAML", cause: error)
        }
    }
}
