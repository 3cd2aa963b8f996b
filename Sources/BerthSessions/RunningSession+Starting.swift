import BerthCore
import BerthLeasing
import CoreMetrics
import Metrics

/// How the agents of a session come to run.
extension RunningSession {
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
        let timer = isWoken ? SessionMetrics.warm : SessionMetrics.cold
        timer.record(duration: begun.duration(to: .now))
    }

    /// Starts the agents of a session that sleeps; one that does not is left as it is.
    /// - Returns: false where its ports were given back, so that it has to be leased others first.
    /// - Throws: `agent-failed`, after which it sleeps on.
    func wake() async throws(BerthError) -> Bool {
        guard mode != .running else { return true }
        await enter()
        defer { leave() }
        switch mode {
        case .running: return true
        case .released: return false
        case .starting, .ending: throw Self.ended(session.name)
        case .asleep: break
        }
        guard
            try await tools.manager.turn(
                session.row, from: [.asleep, .running], to: .starting, reason: "somebody asked for its agents",
                .daemon)
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
        return true
    }

    private func startAll() async throws(BerthError) {
        guard template != nil else {
            throw BerthError(
                .notFound,
                "The template of the session \(session.name) is in the configuration no more, or has other agents now.")
        }
        failure = nil
        try await becomeReady()
        guard mode == .starting,
            try await tools.manager.turn(
                session.row, from: [.starting], to: .running, reason: "all of its agents are ready", .daemon)
        else { throw Self.ended(session.name) }
        mode = .running
        readySince = tools.manager.now().boot
    }

    /// Starts those that have no process: none was started yet, or what an earlier daemon left has ended by now. Their
    /// restarts would wait for this start to end.
    private func launch(missing agents: [RenderedAgent]) async throws(BerthError) {
        for agent in agents where lives[agent.template.name]?.process == nil {
            if let failure { throw failure }
            guard mode == .starting else { throw Self.ended(session.name) }
            restarts.removeValue(forKey: agent.template.name)?.cancel()
            lives[agent.template.name] = .stopped
            try await launch(agent)
        }
    }

    /// Makes an agent's process, has it recorded, and only then lets it become the agent.
    func launch(_ agent: RenderedAgent) async throws(BerthError) {
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

    /// Starts all agents and asks them, again and again, until each has answered once.
    private func becomeReady() async throws(BerthError) {
        let deadline = tools.manager.now().boot.advanced(byMilliseconds: Int64(template?.readySeconds ?? 60) * 1000)
        var missing = agents
        var pause = Duration.milliseconds(20)
        while true {
            try await launch(missing: missing)
            let silent = await silentOnes(missing)
            if let failure { throw failure }
            guard mode == .starting else { throw Self.ended(session.name) }
            for agent in missing where !silent.contains(agent) {
                lives[agent.template.name]?.answered(at: tools.manager.now().boot)
            }
            missing = silent
            guard let first = missing.first else { return }
            guard tools.manager.now().boot < deadline else {
                throw failed(first.template.name, "it was not ready within \(template?.readySeconds ?? 60) s")
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
}
