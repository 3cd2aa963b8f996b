import BerthCommandLine
import BerthCore
import BerthHost
import BerthLeasing
import BerthRouter
import BerthServer
import BerthSessions
import BerthStore
import CoreMetrics
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// `berth serve`: wires the parts together and runs them until a signal.
struct Daemon {
    let configuration: ServeConfiguration
    let clock: LinuxClock
    let logger: Logger

    /// Runs until SIGTERM or SIGINT, then closes everything in order.
    static func run(_ configuration: ServeConfiguration) async throws {
        // Whatever the daemon makes is its user's alone.
        umask(0o077)
        Heap.limitArenas()
        let clock = try LinuxClock()
        LoggingSystem.bootstrap { LogLine(label: $0, format: configuration.logFormat, clock: clock) }
        var logger = Logger(label: "berth")
        logger.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
        do {
            try await Daemon(configuration: configuration, clock: clock, logger: logger).run()
        } catch let error as BerthError {
            // The command line tells the message; what lies behind it is for the log.
            if let cause = error.cause { logger.critical("could not run", metadata: ["cause": "\(cause)"]) }
            throw error
        }
    }

    /// Brings a database to this Berth's schema.
    /// - Returns: the names of the migrations that were applied, or with `dryRun` would be.
    static func migrate(database: String, dryRun: Bool) async throws -> [String] {
        umask(0o077)
        if dryRun {
            let isServed = try LockHolder.read(database + ".lock")?.holder != nil
            return try DatabaseFile.plannedMigrations(at: database, isServed: isServed)
        }
        try StateFolder.prepare(for: database)
        let lock = try await DatabaseLock.take(forDatabase: database)
        defer { withExtendedLifetime(lock) {} }
        _ = try PrivateFile.secure(database: database)
        let pending = try DatabaseFile.pendingMigrations(at: database)
        try DatabaseFile(path: database).close()
        return pending
    }

    private func run() async throws {
        try checkTemplateFile()
        try checkTemplateUsers()
        let networks = try await networks()
        try StateFolder.prepare(for: configuration.database)
        let lock = try await DatabaseLock.take(forDatabase: configuration.database)
        defer { withExtendedLifetime(lock) {} }
        try secureFiles()
        let usualDescriptors = FileDescriptorLimit.read()?.soft
        let descriptors = try raiseDescriptorLimit()
        let administratorToken = try TokenFile.read(configuration.tokenFile)
        try checkSocket(configuration.socket, option: "--socket")
        try checkSocket(configuration.portserver?.path, option: "--portserver")
        let access = try socketAccess()
        let isListening = try networks.api.map(checkListenAddress) ?? false
        if let router = networks.router { _ = try checkListenAddress(router) }

        let metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        let processes = try LinuxProcessTable(clock: clock)
        // A quarter of the descriptors stays for connections and files.
        let watch = try LinuxProcessWatch(processes: processes, maximumDescriptors: descriptors / 4 * 3)
        defer { watch.close() }
        let file = try DatabaseFile(path: configuration.database)
        try PrivateFile.check(database: configuration.database)
        let store = try await openStore(file, processes)
        let manager = try await LeaseManager(
            store: store, probe: LinuxPortProbe(), processes: processes, watch: watch, clock: clock,
            logger: logger)
        let markers = try markRanges()
        defer { markers.close() }

        let reaper = Reaper(manager: manager, logger: logger)
        let tokenCheck = TokenCheck(administratorToken: administratorToken, tokens: manager.tokens)
        let peers = Peers(processes: processes, clock: clock)
        let front = AgentFront(key: SessionTokenKey(administratorToken: administratorToken))
        let probe = NetworkReadinessProbe()
        let sessions = sessions(manager, processes, probe, front, descriptorLimit: usualDescriptors)
        manager.routes.wakeThrough(sessions)
        try await sessions.adopt()
        Gauge(label: "berth_build_info", dimensions: [("version", berthVersion)]).record(1)
        let server = BerthServer(
            parts: BerthServer.Parts(
                manager: manager, sessions: sessions, reaper: reaper, metrics: metrics, logger: logger,
                traffic: configuration.traffic,
                clock: clock,
                hasEcho: getenv("BERTH_BENCHMARK_ECHO").map { String(cString: $0) } == "1"))
        let housekeeper = AuditHousekeeper(
            manager: manager, retainDays: configuration.auditRetainDays, logger: logger)
        Heap.trim()
        var workers: [any Service] = [reaper, LineKeeper(manager: manager, logger: logger), housekeeper, sessions]
        if let keeper = networks.keeper { workers.append(keeper) }
        if let network = networks.router { workers.append(try router(network, manager, tokenCheck, front)) }
        try await serve(
            server, workers, tokenCheck, peers, access, isListening ? networks.api : nil)
        for path in [configuration.socket, configuration.portserver?.path] { if let path { unlink(path) } }
        try await probe.close()
        try await store.close()
        logger.notice("stopped")
    }

    private func openStore(_ file: DatabaseFile, _ processes: LinuxProcessTable) async throws -> LeaseStore {
        let logger = logger
        return try await LeaseStore.open(
            file,
            LeaseStore.Setup(
                pools: configuration.pools, limits: configuration.limits, clock: clock, processes: processes,
                observer: CommitMetrics(), reserve: keepReserve(),
                unknownOutcome: { error in
                    // Nobody may be answered: what is on the disk is known again at the next start.
                    logger.critical(
                        "what was written is not known to be on the disk", metadata: ["error": "\(error)"])
                    _exit(EX_IOERR)
                }))
    }

    /// Runs the long-lived parts until a signal. What came in before it is answered first.
    private func serve(
        _ server: BerthServer, _ workers: [any Service], _ tokenCheck: TokenCheck, _ peers: Peers,
        _ access: SocketAccess, _ network: Network?
    ) async throws {
        var services = workers
        let announcement = Announcement(configuration: configuration, logger: logger)
        if let socket = configuration.socket {
            services.append(
                try server.listener(
                    at: .unixDomainSocket(path: socket), gate: .socket(peers, daemonUser: geteuid())
                ) { [logger] _ in
                    // No connection is taken before; nor can anybody but the daemon's user make one.
                    do {
                        try access.apply(to: socket)
                    } catch {
                        logger.critical(
                            "the socket stays its user's alone", metadata: ["socket": "\(socket)", "error": "\(error)"])
                    }
                    announcement.isListening(at: socket)
                })
        }
        if let network { services.append(try networkService(server, network, tokenCheck, announcement)) }
        if let portserver = try portserver(server, peers, access) { services.append(portserver) }
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(3)
        group.maximumCancellationDuration = .seconds(1)
        try await ServiceGroup(configuration: group).run()
    }

    /// Makes sure that the database is its user's alone.
    private func secureFiles() throws {
        for (path, mode) in try PrivateFile.secure(database: configuration.database) {
            logger.warning("others could open a file of Berth's", metadata: ["file": "\(path)", "mode": "\(mode)"])
        }
    }

    /// Keeps room for releases on the database's disk, as much as there is.
    private func keepReserve() -> DiskReserve? {
        do {
            let reserve = try DiskReserve(path: DiskReserve.path(forDatabase: configuration.database))
            if !reserve.fill() {
                logger.warning("the disk of the database is full: only what gives ports back can be written")
            }
            return reserve
        } catch {
            logger.warning("no room can be kept for releases", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// - Returns: how many files the daemon may have open.
    private func raiseDescriptorLimit() throws -> Int {
        do {
            let limit = try FileDescriptorLimit.raise()
            logger.debug("descriptor limit", metadata: ["limit": "\(limit)"])
            return Int(clamping: limit)
        } catch {
            logger.warning("the limit of open files stays as it is", metadata: ["error": "\(error)"])
            return 1024
        }
    }

    /// Refuses to take a socket on which somebody answers, or a file that is no socket.
    private func checkSocket(_ socket: String?, option: String) throws {
        guard let socket else { return }
        try StateFolder.check(for: socket, option: option)
        try PrivateFile.checkSocket(socket)
        switch try SocketProbe.look(at: socket) {
        case .absent, .stale: return
        case .answered:
            throw BerthError(
                .databaseInUse, "Somebody answers on the socket \(socket). Nothing was touched; name another \(option)."
            )
        case .notASocket:
            throw BerthError(
                .configuration, "\(socket) exists and is no socket. Nothing was touched; name another \(option).")
        }
    }

    /// Who may connect to the socket. Users who are kept out by a folder on the way are worth a warning.
    private func socketAccess() throws -> SocketAccess {
        let permissions = configuration.socketPermissions
        let access = try SocketAccess(mode: permissions.mode, group: permissions.group)
        if let socket = configuration.socket, let folder = access.obstacle(on: socket) {
            logger.warning(
                "others cannot reach the socket: a folder on the way does not let them through; name another --socket",
                metadata: ["socket": "\(socket)", "folder": "\(folder)"])
        }
        return access
    }

    /// Marks the pools' ranges for other Berths, and warns of what is wrong with them on this host.
    private func markRanges() throws -> RangeMarkers {
        let ranges = configuration.pools.flatMap(\.ranges)
        for other in try RangeMarkers.others() where ranges.contains(where: { $0.overlaps(other.range) }) {
            logger.warning(
                "another Berth manages some of the same ports; give each a range of its own with --pool",
                metadata: ["pid": "\(other.pid)", "range": "\(other.range)"])
        }
        if let ephemeral = EphemeralRange.read(), ranges.contains(where: { $0.overlaps(ephemeral) }) {
            logger.warning(
                "a pool overlaps the kernel's ephemeral ports: outgoing connections may take ports from under leases",
                metadata: ["ephemeral": "\(ephemeral)"])
        }
        return try RangeMarkers.mark(ranges)
    }
}
