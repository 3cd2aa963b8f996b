import BerthCore

/// What a configuration file says; nil where it says nothing.
struct FileSettings: Sendable {
    var database: Setting<String>?
    var socket: Setting<String>?
    var socketMode: Setting<String>?
    var socketGroup: Setting<String>?
    var listen: Setting<String>?
    var router: Setting<String>?
    var portserver: Setting<String>?
    var insecureListen: Setting<Bool>?
    var tlsCertificate: Setting<String>?
    var tlsKey: Setting<String>?
    var tokenFile: Setting<String>?
    var logLevel: Setting<String>?
    var logFormat: Setting<String>?
    var allowedHosts: [Setting<String>]?
    var maxSessions: Setting<Int>?
    var maxPortsPerSession: Setting<Int>?
    var maxWaiting: Setting<Int>?
    var ticketIdleSeconds: Setting<Int>?
    var maxRequestsPerSecond: Setting<Int>?
    var maxRequestBurst: Setting<Int>?
    var maxConnections: Setting<Int>?
    var auditRetainDays: Setting<Int>?
    var pools: [PoolSettings] = []
    var templates: [TemplateSettings] = []
    /// What is wrong with the templates as far as the file tells.
    var templateMistakes: [Mistakes.Mistake] = []
}

/// One pool of a configuration file.
struct PoolSettings: Sendable {
    let name: Setting<PoolName>
    /// Nil where the file leaves it to the flags, or to the default pool's own range.
    var ranges: Setting<[PortBlock]>?
    var excluded: [PortBlock] = []
    var maxBlock: Setting<Int>?
    var defaultTTLSeconds: Setting<Int>?
    var quarantineSeconds: Setting<Double>?
    var queue: QueuePolicy?
}
