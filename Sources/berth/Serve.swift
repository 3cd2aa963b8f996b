import ArgumentParser
import BerthCommandLine
import FoundationEssentials

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon.",
        discussion: """
            A flag beats the environment variable in brackets, which beats the configuration file, which beats the \
            default. SIGTERM and SIGINT end it in order; whatever was acknowledged outlives kill -9.

            Two pools, and no TCP:
              berth serve --pool web=20000-24999 --pool db=25000-25999 --listen none

            For other hosts, encrypted:
              berth serve --listen 0.0.0.0:7117 --tls-certificate berth.pem --tls-key berth.key

            For the users of a group, each with leases of their own:
              berth serve --socket /run/berth/berth.sock --socket-mode 0660 --socket-group berth
            """)

    @OptionGroup var files: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "The Unix socket [BERTH_SOCKET], or none. Default: berth.sock beside the database.", valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Who may connect to the socket [BERTH_SOCKET_MODE]: 0600, 0660 or 0666. Default: 0600, its user alone.",
            valueName: "mode"))
    var socketMode: String?

    @Option(
        help: ArgumentHelp(
            "The group that a socket of mode 0660 lets in [BERTH_SOCKET_GROUP]. Default: the daemon's own.",
            valueName: "group"))
    var socketGroup: String?

    @Option(
        help: ArgumentHelp(
            "The TCP address [BERTH_LISTEN], or none. Default: 127.0.0.1:7117; port 0 takes a free one.",
            valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "Where requests to the sessions' agents come in [BERTH_ROUTER]. Default: none.",
            discussion: "http://HOST:PORT/s/{session}/{agent}/ and http://{agent}.{session}.localhost:PORT/",
            valueName: "host:port"))
    var router: String?

    @Option(
        help: ArgumentHelp(
            "Serve portpicker's clients too, on this Unix socket [BERTH_PORTSERVER]: @name, or a path.",
            discussion:
                "They find it by PORTSERVER_ADDRESS. Each port is a lease that ends with the process it was picked for. "
                + "Who may connect is as of --socket-mode. Default: none.",
            valueName: "@name"),
        completion: .file())
    var portserver: String?

    @Option(
        help: ArgumentHelp(
            "The certificate that TCP clients see, and those that lead to its authority [BERTH_TLS_CERTIFICATE].",
            discussion: "PEM. With it TCP is HTTPS. SIGHUP reads it and its key anew.", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?

    @Option(
        help: ArgumentHelp(
            "Its private key [BERTH_TLS_KEY]: PEM, without a passphrase, readable for the daemon's user alone.",
            valueName: "file"),
        completion: .file())
    var tlsKey: String?

    @Flag(
        help: ArgumentHelp(
            "Let other hosts speak HTTP in the clear [BERTH_INSECURE_LISTEN].",
            discussion:
                "Without TLS and without this an address that is not loopback is refused: who hears a request has its "
                + "token."))
    var insecureListen = false

    @Option(
        help: ArgumentHelp(
            "The administrator's token [BERTH_TOKEN_FILE]. Default: token beside the database.", valueName: "path"),
        completion: .file())
    var tokenFile: String?

    @Option(
        name: .customLong("pool"),
        help: ArgumentHelp(
            "A pool of ports [BERTH_POOL]; repeatable. Default: default=20000-29999.",
            valueName: "name=first-last[,first-last…]"))
    var pools: [String] = []

    @Option(
        name: .customLong("exclude"),
        help: ArgumentHelp(
            "Ports that are never leased; repeatable. Those that browsers refuse never are.",
            valueName: "port[-port]"))
    var excluded: [String] = []

    @Option(help: ArgumentHelp("Sessions at once [BERTH_MAX_SESSIONS]. Default: 1000.", valueName: "n"))
    var maxSessions: Int?

    @Option(help: ArgumentHelp("Ports of a session [BERTH_MAX_PORTS_PER_SESSION]. Default: 1000.", valueName: "n"))
    var maxPortsPerSession: Int?

    @Option(help: ArgumentHelp("Requests that wait in line [BERTH_MAX_WAITING]. Default: 10000.", valueName: "n"))
    var maxWaiting: Int?

    @Option(
        help: ArgumentHelp(
            "Requests of a user or token in a second [BERTH_MAX_REQUESTS_PER_SECOND]. Default: as many as come.",
            valueName: "n"))
    var maxRequestsPerSecond: Int?

    @Option(
        help: ArgumentHelp(
            "Requests at once, after a rest [BERTH_MAX_REQUEST_BURST]. Default: twice those in a second.",
            valueName: "n"))
    var maxRequestBurst: Int?

    @Option(
        help: ArgumentHelp(
            "Open connections of a user or token [BERTH_MAX_CONNECTIONS]. Default: 8192 of a listener, whosever.",
            valueName: "n"))
    var maxConnections: Int?

    @Option(
        help: ArgumentHelp(
            "How long the ports of an expired or orphaned lease rest at least [BERTH_QUARANTINE]. Default: 2.",
            valueName: "seconds"))
    var quarantine: Double?

    @Option(
        help: ArgumentHelp("How much is logged [BERTH_LOG_LEVEL]. Default: info.", valueName: "level"),
        completion: .list(ServeConfiguration.logLevels))
    var logLevel: String?

    @Option(
        help: ArgumentHelp("How it is logged [BERTH_LOG_FORMAT]: text or json. Default: text.", valueName: "format"),
        completion: .list(ServeConfiguration.LogFormat.allCases.map(\.rawValue)))
    var logFormat: String?

    @Option(
        name: .customLong("allowed-host"),
        help: ArgumentHelp("A further host that TCP requests may name; repeatable.", valueName: "host"))
    var allowedHosts: [String] = []

    func run() async throws {
        var flags = files.flags
        flags.socket = socket
        flags.socketMode = socketMode
        flags.socketGroup = socketGroup
        flags.listen = listen
        flags.router = router
        flags.portserver = portserver
        flags.tlsCertificate = tlsCertificate
        flags.tlsKey = tlsKey
        flags.insecureListen = insecureListen
        flags.tokenFile = tokenFile
        flags.pools = pools
        flags.excluded = excluded
        flags.maxSessions = maxSessions
        flags.maxPortsPerSession = maxPortsPerSession
        flags.maxWaiting = maxWaiting
        flags.maxRequestsPerSecond = maxRequestsPerSecond
        flags.maxRequestBurst = maxRequestBurst
        flags.maxConnections = maxConnections
        flags.quarantineSeconds = quarantine
        flags.logLevel = logLevel
        flags.logFormat = logFormat
        flags.allowedHosts = allowedHosts
        try await Daemon.run(try ConfigurationOptions.load(flags))
    }
}
