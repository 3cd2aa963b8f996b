import BerthCore
import BerthLeasing
import BerthRouter
import BerthStore
import BerthTestSupport
import Logging
import Synchronization

@testable import BerthSessions

/// A keeper of sessions on a fresh store, whose agents are processes that the test ends.
struct SessionWorld {
    let folder: TemporaryFolder
    let clock: ManualClock
    let processes: FakeProcessTable
    let launcher: FakeAgentLauncher
    let store: LeaseStore
    let manager: LeaseManager
    let keeper: SessionKeeper
    let hearing: Task<Void, Never>

    /// An agent answers while its process runs.
    private struct RunningProbe: ReadinessProbe {
        let launcher: FakeAgentLauncher

        func isReady(_ readiness: Readiness, on port: Port) async -> Bool {
            launcher.running.contains { $0.order.environment["PORT"] == String(port.number) }
        }
    }

    private struct SilentObserver: CommitObserver {
        func committed(changes: Int, duration: Duration) {}
    }

    /// A template of two agents, which sleeps after 10 s.
    static func template(_ ports: SleepRule.Ports) -> SessionTemplate {
        let agents = ["one", "two"].map { (name: AgentName) in
            AgentTemplate(
                name: name, command: [.pieces([.literal("agent")])], environment: [:], workingDirectory: nil,
                readiness: .tcp, restart: RestartRule(policy: .never, backoffSeconds: 1, maxBackoffSeconds: 1),
                stop: StopRule(signal: 15, graceSeconds: 1), isContainer: false)
        }
        return SessionTemplate(
            name: "draft", agents: agents, pool: .standard, access: .everybody, variables: [], user: nil,
            readySeconds: 5, sleep: SleepRule(idleSeconds: 10, ports: ports), card: .passthrough)
    }

    static func start(_ ports: SleepRule.Ports = .release) async throws -> SessionWorld {
        let clock = ManualClock()
        let processes = FakeProcessTable(clock: clock)
        return try await start(ports, TemporaryFolder(), clock, processes, FakeAgentLauncher(processes))
    }

    /// The same database and host, after the daemon stopped where it stood.
    func restarted(_ ports: SleepRule.Ports = .release) async throws -> SessionWorld {
        hearing.cancel()
        store.queue.close()
        try store.file.close()
        launcher.loseDaemon()
        return try await Self.start(ports, folder, clock, processes, launcher)
    }

    private static func start(
        _ ports: SleepRule.Ports, _ folder: TemporaryFolder, _ clock: ManualClock, _ processes: FakeProcessTable,
        _ launcher: FakeAgentLauncher
    ) async throws -> SessionWorld {
        let store = try await LeaseStore.open(
            DatabaseFile(path: folder.file("berth.db")),
            LeaseStore.Setup(
                pools: [Pool(name: .standard, ranges: [.of(20_000, 6)])], clock: clock, processes: processes,
                observer: SilentObserver(), unknownOutcome: { _ in }))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let manager = try await LeaseManager(
            store: store, probe: FakePortProbe(), processes: processes, watch: FakeProcessWatch(processes),
            clock: clock, logger: logger)
        let keeper = SessionKeeper(
            parts: SessionKeeper.Parts(
                manager: manager, templates: [template(ports)], launcher: launcher,
                probe: RunningProbe(launcher: launcher),
                files: AgentFiles(folder: "/agents"), url: { session, agent, _ in "router/\(session)/\(agent)" },
                token: { "token \($0)" },
                logger: logger))
        manager.routes.wakeThrough(keeper)
        try await keeper.adopt()
        return SessionWorld(
            folder: folder, clock: clock, processes: processes, launcher: launcher, store: store, manager: manager,
            keeper: keeper, hearing: Task { await keeper.hear() })
    }

    @discardableResult
    func start(_ session: SessionName, as caller: Caller = .alice) async throws -> SessionStarted {
        try await keeper.start(
            SessionStart(session: session, template: "draft", variables: [:], ttl: .byDefault),
            ChangeContext(caller: caller), wait: nil)
    }

    /// The keeper looks after so much idle time.
    func idle(_ seconds: Int64 = 11) async {
        clock.advance(milliseconds: seconds * 1000)
        for kept in keeper.kept.withLock({ Array($0.byRow.values) }) { await keeper.sleepIfIdle(kept.running) }
    }

    func session(_ name: SessionName = "alice") async throws -> Session {
        try await manager.session(name, for: .daemon)
    }

    func phase(_ name: SessionName = "alice") async throws -> SessionPhase? {
        try await session(name).template?.phase
    }

    /// The port that requests to the agent go to; nil where they wait for a waking.
    func port(_ agent: AgentName, of name: SessionName = "alice") -> Port? {
        guard let session = manager.routes.session(.name(name)),
            case .route(let route) = manager.routes.route(agent, of: session)
        else { return nil }
        return route.port
    }

    func routed(_ name: SessionName = "alice") throws -> RoutedSession {
        guard let session = manager.routes.session(.name(name)) else { throw Unrouted() }
        return session
    }

    struct Unrouted: Error {}
}

extension Caller {
    static let alice = Caller(principal: .user(1000), isAdministrator: false, mayNameProcesses: true)
    static let bob = Caller(principal: .user(1001), isAdministrator: false, mayNameProcesses: true)
}
