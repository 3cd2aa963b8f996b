import BerthCore
import BerthLeasing
import BerthStore
import CoreMetrics
import Logging
import Metrics

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
    }

    nonisolated let session: Session
    nonisolated let lease: LeaseID
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
    private(set) var readySince: BootTime?
    private var restarts: [AgentName: Task<Void, Never>] = [:]
    /// Why the start that is under way has failed.
    private var failure: BerthError?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter lives: what each agent has, by the lease's rows.
    init(
        session: Session, lease: LeaseID, template: SessionTemplate?, agents: [RenderedAgent],
        lives: [AgentName: AgentLife], mode: Mode, tools: SessionTools
    ) {
        self.session = session
        self.lease = lease
        self.template = template
        self.agents = agents
        self.lives = lives
        names = lives.keys.sorted { $0.rawValue < $1.rawValue }
        self.mode = mode
        self.tools = tools
        readySince = mode == .running ? tools.manager.now().boot : nil
    }

    // MARK: Turns

    private func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }

    // MARK: Starting

    /// Starts every agent that has no process, and waits until all are ready. When it fails, none is left.
    /// - Throws: `agent-failed`; `lease-ended` when the session was ended meanwhile.
    func start() async throws(BerthError) {
        await enter()
        defer { leave() }
        guard mode == .starting else { throw Self.ended(session.name) }
        let begun = ContinuousClock.now
        do throws(BerthError) {
            try await startAll()
        } catch {
            SessionMetrics.failures.increment()
            await stopAll()
            throw error
        }
        SessionMetrics.cold.record(duration: begun.duration(to: .now))
    }

    /// Starts the agents of a session that sleeps; one that does not is left as it is.
    /// - Throws: `agent-failed`, after which it sleeps on.
    func wake() async throws(BerthError) {
        guard mode != .running else { return }
        await enter()
        defer { leave() }
        switch mode {
        case .running: return
        case .starting, .ending: throw Self.ended(session.name)
        case .asleep: break
        }
        guard
            try await tools.manager.turn(
                session.row, from: [.asleep], to: .starting, reason: "somebody asked for its agents", .daemon)
        else { throw Self.ended(session.name) }
        mode = .starting
        let begun = ContinuousClock.now
        do throws(BerthError) {
            try await startAll()
        } catch {
            SessionMetrics.failures.increment()
            await stopAll()
            if mode == .starting { mode = .asleep }
            _ = try await tools.manager.turn(
                session.row, from: [.starting], to: .asleep, reason: error.message, .daemon)
            throw error
        }
        SessionMetrics.warm.record(duration: begun.duration(to: .now))
    }

    private func startAll() async throws(BerthError) {
        guard template != nil else {
            throw BerthError(
                .notFound,
                "The template of the session \(session.name) is in the configuration no more, or has other agents now.")
        }
        failure = nil
        for agent in agents where lives[agent.template.name]?.process == nil {
            guard mode == .starting else { throw Self.ended(session.name) }
            try await launch(agent)
        }
        try await becomeReady()
        guard mode == .starting,
            try await tools.manager.turn(
                session.row, from: [.starting], to: .running, reason: "all of its agents are ready", .daemon)
        else { throw Self.ended(session.name) }
        mode = .running
        readySince = tools.manager.now().boot
    }

    /// Makes an agent's process, has it recorded, and only then lets it become the agent.
    private func launch(_ agent: RenderedAgent) async throws(BerthError) {
        let name = agent.template.name
        let prepared = try tools.launcher.prepare(order(agent))
        do throws(BerthError) {
            _ = try await tools.manager.attach(
                name, .caller(prepared.process), port: agent.port, to: lease, .daemon)
        } catch {
            await prepared.cancel()
            throw error
        }
        switch lives[name] {
        case .waiting: lives[name]?.restarted(prepared.process, at: tools.manager.now().boot)
        default: lives[name] = .starting(prepared.process)
        }
        do throws(BerthError) {
            try await prepared.go()
        } catch {
            if lives[name]?.process?.isSameProcess(as: prepared.process) == true { lives[name] = .ended(.unknown) }
            throw failed(name, error.message)
        }
    }

    private func order(_ agent: RenderedAgent) -> AgentOrder {
        AgentOrder(
            arguments: agent.arguments, environment: agent.environment,
            workingDirectory: agent.template.workingDirectory ?? "/", user: template?.user,
            logPath: tools.files.log(agent.template.name, session: session.row),
            cidfile: agent.template.isContainer ? tools.files.cidfile(agent.template.name, session: session.row) : nil)
    }

    /// Asks all agents, again and again, until each has answered once.
    private func becomeReady() async throws(BerthError) {
        let deadline = tools.manager.now().boot.advanced(byMilliseconds: Int64(template?.readySeconds ?? 60) * 1000)
        var missing = agents
        var pause = Duration.milliseconds(20)
        while true {
            let silent = await silentOnes(missing)
            if let failure { throw failure }
            guard mode == .starting else { throw Self.ended(session.name) }
            for agent in missing where !silent.contains(agent) {
                lives[agent.template.name]?.answered(at: tools.manager.now().boot)
            }
            missing = silent
            guard let first = missing.first else { return }
            guard tools.manager.now().boot < deadline else {
                throw failed(first.template.name, "was not ready within \(template?.readySeconds ?? 60) s")
            }
            do { try await Task.sleep(for: pause) } catch { throw Self.ended(session.name) }
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    private func silentOnes(_ agents: [RenderedAgent]) async -> [RenderedAgent] {
        let probe = tools.probe
        return await withTaskGroup { group in
            for agent in agents {
                group.addTask { await probe.isReady(agent.template.readiness, on: agent.port) ? nil : agent }
            }
            var silent: Set<AgentName> = []
            for await agent in group { if let agent { silent.insert(agent.template.name) } }
            return agents.filter { silent.contains($0.template.name) }
        }
    }

    // MARK: Ends of processes

    /// Hears that an agent's process has ended.
    func exited(_ agent: AgentName, _ process: ProcessIdentity) async {
        guard let own = lives[agent]?.process, own.isSameProcess(as: process) else { return }
        // What the process left behind would hold the port of the next one.
        _ = await tools.launcher.stop(process, signal: 9, graceMilliseconds: 0)
        await stopContainer(of: agent)
        let end = tools.launcher.reap(process) ?? .unknown
        guard let rule = agents.first(where: { $0.template.name == agent })?.template.restart else {
            lives[agent] = .ended(end)
            return
        }
        switch lives[agent]?.exited(process, end, at: tools.manager.now().boot, rule: rule) ?? .nothing {
        case .nothing: break
        case .failStart: failure = failure ?? failed(agent, "ended before it was ready: \(end)")
        case .restart(let delay): restart(agent, afterMilliseconds: delay)
        }
        tools.logger.info(
            "agent ended",
            metadata: [
                "session": "\(session.name)", "agent": "\(agent)", "pid": "\(process.pid)", "end": "\(end)",
            ])
    }

    /// Starts an agent anew, that lost its process while no daemon served.
    func restartMissing() {
        guard mode == .running else { return }
        for agent in agents {
            guard lives[agent.template.name]?.process == nil,
                agent.template.restart.policy.wantsRestart(after: .unknown)
            else { continue }
            lives[agent.template.name] = .waiting(until: tools.manager.now().boot, restarts: 0)
            restart(agent.template.name, afterMilliseconds: 0)
        }
    }

    private func restart(_ agent: AgentName, afterMilliseconds delay: Int64) {
        restarts[agent] = Task { [weak self] in
            do { try await Task.sleep(for: .milliseconds(delay)) } catch { return }
            await self?.restartNow(agent)
        }
    }

    private func restartNow(_ name: AgentName) async {
        await enter()
        defer { leave() }
        guard mode == .running, case .waiting = lives[name],
            let agent = agents.first(where: { $0.template.name == name })
        else { return }
        SessionMetrics.restarts.increment()
        do throws(BerthError) {
            try await launch(agent)
        } catch {
            tools.logger.warning(
                "an agent could not be started again",
                metadata: ["session": "\(session.name)", "agent": "\(name)", "error": "\(error)"])
            if case .ended = lives[name] { lives[name] = .waiting(until: tools.manager.now().boot, restarts: 1) }
            let again = lives[name]?.failedAgain(at: tools.manager.now().boot, rule: agent.template.restart)
            if case .restart(let delay) = again { restart(name, afterMilliseconds: delay) }
        }
    }

    // MARK: Stopping

    /// Stops the agents until somebody asks for them.
    /// - Returns: whether it was running, and sleeps now.
    func sleep() async throws(BerthError) -> Bool {
        await enter()
        defer { leave() }
        guard mode == .running,
            try await tools.manager.turn(
                session.row, from: [.running], to: .asleep, reason: "nobody asked for its agents", .daemon)
        else { return false }
        mode = .asleep
        SessionMetrics.sleeps.increment()
        await stopAll()
        return true
    }

    /// Stops the agents for good. A start that is under way fails.
    func end() async {
        mode = .ending
        await enter()
        defer { leave() }
        await stopAll()
    }

    private func stopAll() async {
        for restart in restarts.values { restart.cancel() }
        restarts = [:]
        var stops: [(ProcessIdentity, StopRule)] = []
        for (name, life) in lives {
            let rule = agents.first { $0.template.name == name }?.template.stop
            if let process = life.process { stops.append((process, rule ?? Self.standardStop)) }
            lives[name] = .stopped
            await stopContainer(of: name)
        }
        let launcher = tools.launcher
        await withTaskGroup { group in
            for (process, rule) in stops {
                group.addTask {
                    _ = await launcher.stop(
                        process, signal: rule.signal, graceMilliseconds: Int64(rule.graceSeconds * 1000))
                }
            }
        }
    }

    private func stopContainer(of name: AgentName) async {
        guard let agent = agents.first(where: { $0.template.name == name }), agent.template.isContainer,
            let program = agent.arguments.first
        else { return }
        do throws(BerthError) {
            guard let id = try tools.launcher.containerID(at: tools.files.cidfile(name, session: session.row)) else {
                return
            }
            let container = AgentContainer(
                id: id, program: program, environment: agent.environment, user: template?.user)
            try await tools.launcher.stop(
                container, graceMilliseconds: Int64(agent.template.stop.graceSeconds * 1000))
        } catch {
            tools.logger.error(
                "a container could not be stopped",
                metadata: ["session": "\(session.name)", "agent": "\(name)", "error": "\(error)"])
        }
    }

    // MARK: Words

    static let standardStop = StopRule(signal: 15, graceSeconds: 10)
    private static let toldLogBytes = 2048

    /// Why a start failed, with the agent's last lines.
    private func failed(_ agent: AgentName, _ why: String) -> BerthError {
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

    private static func ended(_ session: SessionName) -> BerthError {
        BerthError(.leaseEnded, "The session \(session) was ended meanwhile. Start it anew.")
    }
}
