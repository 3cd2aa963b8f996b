import BerthCore
import BerthLeasing
import CoreMetrics
import Logging

/// What becomes of agents whose processes end, and how all of them are stopped.
extension RunningSession {
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
        case .failStart: failure = failure ?? failed(agent, "it \(end.words) before it was ready")
        case .restart(let delay): restart(agent, afterMilliseconds: delay)
        }
        tools.logger.info(
            "agent ended",
            metadata: [
                "session": "\(session.name)", "agent": "\(agent)", "pid": "\(process.pid)", "end": "\(end.words)",
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

    /// Stops the agents until somebody asks for them. Where its template says so, the ports are given back then.
    /// - Returns: whether it was running, and sleeps now.
    func sleep() async throws(BerthError) -> Bool {
        await enter()
        defer { leave() }
        guard mode == .running else { return false }
        if template?.sleep?.ports == .release {
            mode = .asleep
            await stopAll()
            return try await giveBack(from: [.running, .asleep], reason: Self.sleepReason)
        }
        guard
            try await tools.manager.turn(
                session.row, from: [.running], to: .asleep, reason: Self.sleepReason, .daemon)
        else { return false }
        mode = .asleep
        SessionMetrics.sleeps.increment()
        await stopAll()
        return true
    }

    private static let sleepReason = "nobody asked for its agents"

    /// Gives the ports of a session back that sleeps with them, though its template says otherwise: an earlier try failed, or
    /// the template has changed.
    /// - Returns: whether it sleeps without them now.
    func giveBack() async throws(BerthError) -> Bool {
        await enter()
        defer { leave() }
        guard mode == .asleep, template?.sleep?.ports == .release else { return false }
        return try await giveBack(from: [.running, .asleep], reason: Self.sleepReason)
    }

    /// Gives the ports of a session back that was woken, and whose agents did not start.
    /// - Returns: whether it sleeps on.
    func giveBack(after failure: BerthError) async throws(BerthError) -> Bool {
        await enter()
        defer { leave() }
        return try await giveBack(from: [.starting], reason: failure.message)
    }

    private func giveBack(from phases: Set<SessionPhase>, reason: String) async throws(BerthError) -> Bool {
        guard try await tools.manager.sleep(session.row, releasing: lease, from: phases, reason: reason) else {
            return false
        }
        mode = .released
        SessionMetrics.sleeps.increment()
        return true
    }

    /// Stops the agents for good. A start that is under way fails.
    func end() async {
        if mode != .released { mode = .ending }
        await enter()
        defer { leave() }
        await stopAll()
    }

    /// Stops what still runs of a session that sleeps: the daemon before was stopped while its agents were.
    func stopSurvivors() async {
        await enter()
        defer { leave() }
        if mode == .asleep { await stopAll() }
    }

    /// Lets a start fail that is under way; a session that has started goes on.
    func abandonStart() {
        guard mode == .starting, readySince == nil else { return }
        mode = .ending
    }

    func stopAll() async {
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

    func stopContainer(of name: AgentName) async {
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
}

extension AgentEnd {
    /// What the process did.
    fileprivate var words: String {
        switch self {
        case .exited(let code): "exited with \(code)"
        case .signalled(let number): "was ended by signal \(number)"
        case .unknown: "ended"
        }
    }
}
