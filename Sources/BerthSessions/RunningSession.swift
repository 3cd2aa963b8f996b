import BerthCore
import BerthLeasing
import Logging

/// What sessions are kept with.
struct SessionTools: Sendable {
    let manager: LeaseManager
    let launcher: any AgentLauncher
    let probe: any ReadinessProbe
    let files: AgentFiles
    let logger: Logger
}

/// The agents of one session, as long as its lease lives.
///
/// Whatever starts or stops several of them has its turn after the one before; a process's end is heard at any time.
actor RunningSession {
    /// Which way it goes.
    enum Mode: Hashable, Sendable {
        case starting, running, asleep, ending
        /// It sleeps, and its lease was given back: nothing is to be done with it any more.
        case released
    }

    nonisolated let session: Session
    nonisolated let lease: LeaseID
    /// Whether its session slept without a lease before it had this one.
    nonisolated let isWoken: Bool
    /// Nil when the configuration has the template no more, or with other agents: what runs can be stopped then, and
    /// nothing started.
    nonisolated let template: SessionTemplate?
    nonisolated let agents: [RenderedAgent]
    /// Of all that the lease has, whether or not they can be started.
    nonisolated let names: [AgentName]
    let tools: SessionTools
    var mode: Mode
    var lives: [AgentName: AgentLife]
    /// When all agents were ready last.
    var readySince: BootTime?
    var restarts: [AgentName: Task<Void, Never>] = [:]
    /// Why the start that is under way has failed.
    var failure: BerthError?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter lives: what each agent has, by the lease's rows.
    init(
        session: Session, lease: Lease, template: SessionTemplate?, agents: [RenderedAgent],
        lives: [AgentName: AgentLife], mode: Mode, tools: SessionTools
    ) {
        self.session = session
        self.lease = lease.id
        // A session and its first lease are made in one transaction.
        isWoken = lease.createdAt != session.createdAt
        self.template = template
        self.agents = agents
        self.lives = lives
        names = lives.keys.sorted { $0.rawValue < $1.rawValue }
        self.mode = mode
        self.tools = tools
        readySince = mode == .running ? tools.manager.now().boot : nil
    }

    // MARK: Turns

    func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }

    // MARK: Words

    static let standardStop = StopRule(signal: 15, graceSeconds: 10)
    private static let toldLogBytes = 2048

    /// Why a start failed, with the agent's last lines.
    func failed(_ agent: AgentName, _ why: String) -> BerthError {
        let log: String
        do {
            log = try tools.launcher.tailOfLog(
                tools.files.log(agent, session: session.row), bytes: Self.toldLogBytes)
        } catch {
            log = ""
        }
        return BerthError(
            .agentFailed, "The agent \(agent) of the session \(session.name) did not start: \(why).",
            facts: .agent(agent, log: log))
    }

    static func ended(_ session: SessionName) -> BerthError {
        BerthError(.leaseEnded, "The session \(session) was ended meanwhile. Start it anew.")
    }
}
