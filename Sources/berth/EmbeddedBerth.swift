import BerthAPI
import BerthCommandLine
import BerthCore
import BerthHost
import BerthLeasing
import BerthServer
import BerthStore
import FoundationEssentials
import Glibc
import Logging

/// Berth without a daemon: the database, opened by the command itself for one transaction.
struct EmbeddedBerth {
    private let manager: LeaseManager
    private let processes: LinuxProcessTable

    /// Whom a daemon on this user's database would see. The file's owner may do everything with it anyway.
    private let context = ChangeContext(
        caller: Caller(principal: .user(geteuid()), isAdministrator: true, mayNameProcesses: true))

    /// Locks and opens the database, runs `body` and closes it again.
    /// - Throws: ``ErrorCode/databaseInUse`` at once when somebody has the lock.
    static func visit<Success>(
        _ configuration: ServeConfiguration, _ body: (EmbeddedBerth) async throws -> Success
    ) async throws -> Success {
        // What is made here is its user's alone; what the command makes is the user's business.
        let mask = umask(0o077)
        defer { umask(mask) }
        try StateFolder.prepare(for: configuration.database)
        let lock = try DatabaseLock(forDatabase: configuration.database, for: .run)
        defer { withExtendedLifetime(lock) {} }
        _ = try PrivateFile.secure(database: configuration.database)
        let clock = try LinuxClock()
        let processes = try LinuxProcessTable(clock: clock)
        let store = try await LeaseStore.visit(
            try DatabaseFile(path: configuration.database),
            LeaseStore.Setup(
                pools: configuration.pools, limits: configuration.limits, clock: clock, processes: processes,
                observer: CommitMetrics(),
                reserve: DiskReserve(path: DiskReserve.path(forDatabase: configuration.database)),
                unknownOutcome: { error in
                    // Nobody may be told an outcome: what is on the disk is known again at the next opening.
                    Terminal.say("berth: a commit failed, its outcome is unknown: \(error)")
                    _exit(EX_IOERR)
                }))
        let outcome: Result<Success, any Error>
        do {
            let manager = try await LeaseManager(
                store: store, probe: LinuxPortProbe(), processes: processes, watch: NoProcessWatch(), clock: clock,
                logger: Logger(label: "berth", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            try await reapTheDead(manager)
            outcome = .success(try await body(EmbeddedBerth(manager: manager, processes: processes)))
        } catch {
            outcome = .failure(error)
        }
        try store.closeVisit()
        return try outcome.get()
    }

    /// The one place where a visit makes good for the daemon that is not there: what is held by processes that have
    /// ended is orphaned before anything else happens. A lease's own name is seen to by the grant itself.
    private static func reapTheDead(_ manager: LeaseManager) async throws {
        _ = try await manager.reapProcesses(dryRun: false)
    }

    /// Leases a block that this process owns.
    func lease(_ body: LeaseBody) async throws -> LeaseResource {
        // The daemon's own reading, so that a wrong request is refused with the same words.
        var body = body
        body.ownerSelf = nil
        var request = try JSONDecoder().decode(LeaseRequest.self, from: try JSONEncoder().encode(body)).grant
        request.owner = .caller(try identify(getpid()))
        switch try await manager.lease(request, context) {
        case .created(let lease), .existing(let lease), .replayed(let lease, _): return resource(lease)
        case .waiting, .ticket, .again: throw BerthError(.internal, "A command without a daemon was put into the line.")
        }
    }

    /// Attaches a child of this process to a lease of this process.
    func attach(_ child: Int32, to lease: LeaseResource) async throws {
        guard let name = AgentName(rawValue: RunLessor.agent) else { return }
        _ = try await manager.attach(
            name, .caller(try identify(child)), port: nil, to: LeaseID(lease.id), context)
    }

    /// Releases a lease of this process.
    /// - Throws: `not-found` when the database's lease of that id is another one: a daemon on another database granted
    ///   ours.
    func release(_ lease: LeaseResource) async throws {
        let found = try await manager.lease(LeaseID(lease.id), for: context.caller)
        guard let owner = found.owner, owner.isSameProcess(as: try identify(getpid())),
            found.session.rawValue == lease.session
        else { throw BerthError(.notFound, "The daemon that granted it is gone, and its database is another one.") }
        try await manager.release(found.id, reason: "its command ended", context)
    }

    private func identify(_ pid: Int32) throws -> ProcessIdentity {
        guard let process = processes.identify(pid) else {
            throw BerthError(.noSuchProcess, "The process \(pid) has ended.")
        }
        return process
    }

    private func resource(_ lease: Lease) -> LeaseResource {
        LeaseResource(lease, isAlive: manager.isAlive, startInstant: manager.startInstant)
    }
}
