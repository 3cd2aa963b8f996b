import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Logging

/// A lease manager on a fresh store, on a host whose clocks, processes and sockets the test moves.
struct TestManager {
    let folder: TemporaryFolder
    let clock: ManualClock
    let processes: FakeProcessTable
    let watch: FakeProcessWatch
    let probe: FakePortProbe
    let store: LeaseStore
    let manager: LeaseManager
    let reaper: Reaper

    /// One pool of `size` ports from 20000 on, whose quarantine is 2 s.
    static func start(size: Int = 20, limits: Limits = Limits()) async throws -> TestManager {
        try await start(pools: [Pool(name: .standard, ranges: [.of(20_000, size)])], limits: limits)
    }

    static func start(pools: [Pool], limits: Limits = Limits()) async throws -> TestManager {
        let clock = ManualClock()
        return try await start(
            pools, limits, TemporaryFolder(), clock, FakeProcessTable(clock: clock), FakePortProbe())
    }

    /// The same database and host, after the daemon stopped where it stood.
    /// - Parameter pools: as they are configured now; nil when nothing changed.
    func restarted(pools: [Pool]? = nil, limits: Limits? = nil) async throws -> TestManager {
        store.queue.close()
        try store.file.close()
        return try await Self.start(
            pools ?? Array(manager.pools.values), limits ?? store.limits, folder, clock, processes, probe)
    }

    private static func start(
        _ pools: [Pool], _ limits: Limits, _ folder: TemporaryFolder, _ clock: ManualClock,
        _ processes: FakeProcessTable, _ probe: FakePortProbe
    ) async throws -> TestManager {
        let watch = FakeProcessWatch(processes)
        let store = try await LeaseStore.open(
            DatabaseFile(path: folder.file("berth.db")),
            LeaseStore.Setup(
                pools: pools, limits: limits, clock: clock, processes: processes, observer: SilentObserver(),
                unknownOutcome: { _ in }))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let manager = try await LeaseManager(
            store: store, probe: probe, processes: processes, watch: watch, clock: clock, logger: logger)
        return TestManager(
            folder: folder, clock: clock, processes: processes, watch: watch, probe: probe, store: store,
            manager: manager,
            reaper: Reaper(manager: manager, logger: logger))
    }

    /// Leases `count` ports and returns the new lease.
    @discardableResult func lease(
        _ session: SessionName, _ count: Int, as caller: Caller = .alice,
        _ change: (inout GrantRequest) -> Void = { _ in }
    ) async throws -> Lease {
        var request = GrantRequest(session: session, count: count)
        change(&request)
        switch try await manager.lease(request, ChangeContext(caller: caller)) {
        case .created(let lease), .existing(let lease), .replayed(let lease, _): return lease
        case .waiting(let ticket, _), .ticket(let ticket, _): throw Waits(ticket: ticket)
        case .again: throw BerthError(.internal, "nobody was to take over a place")
        }
    }

    func release(_ lease: Lease) async throws {
        try await manager.release(lease.id, reason: "test", ChangeContext(caller: .administrator))
    }

    func state(of port: Port) async throws -> PortState {
        try await manager.report(port, for: .administrator).state
    }

    /// How the lease stands.
    func end(of lease: Lease) async throws -> LeaseEnd? {
        guard case .ended(let end, _, _, _) = try await manager.lease(lease.id, for: .administrator).state else {
            return nil
        }
        return end
    }
}

/// A lease that a test counted on waits in line.
struct Waits: Error {
    let ticket: Ticket
}

private struct SilentObserver: CommitObserver {
    func committed(changes: Int, duration: Duration) {}
}

extension Caller {
    static let alice = Caller(principal: .user(1000), isAdministrator: false, mayNameProcesses: true)
    static let bob = Caller(principal: .user(1001), isAdministrator: false, mayNameProcesses: true)
    static let administrator = Caller(principal: .user(0), isAdministrator: true, mayNameProcesses: true)
    static let token = Caller(principal: .token("ci"), isAdministrator: false, mayNameProcesses: false)
}

/// The error that `body` throws; nil when it throws none or another kind.
func refusal<Value>(of body: () async throws -> Value) async -> BerthError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? BerthError
    }
}
