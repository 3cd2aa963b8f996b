package import BerthCore
package import BerthLeasing
package import BerthStore
import Synchronization

/// What is told of sessions, and how they end.
extension SessionKeeper {
    /// Stops the agents, then ends the session.
    package func end(_ name: SessionName, _ context: ChangeContext) async throws(BerthError) {
        while let session = try await active(name, for: context.caller) {
            if session.template?.rest != nil {
                // Somebody may wake it meanwhile.
                guard try await manager.endSleeper(session.row, context) else { continue }
                return
            }
            let isStopping = try await manager.turn(
                session.row, from: [.starting, .running, .asleep], to: .stopping, reason: "its session is ended",
                context)
            // It may have fallen asleep meanwhile; else somebody else is about to end it too.
            if !isStopping, try await active(name, for: context.caller)?.template?.rest != nil { continue }
            try await unlessStopping { () async throws(BerthError) in
                let running = self.kept.withLock { $0.byRow[session.row]?.running }
                await running?.end()
                try await self.manager.endSession(name, context)
                if let running { self.forget(running) }
            }
            return
        }
        try await manager.endSession(name, context)
    }

    /// The active session of that name, if a template made it and the caller may see it.
    private func active(_ name: SessionName, for caller: Caller) async throws(BerthError) -> Session? {
        guard let session = try await found(name, for: caller), session.endedAt == nil, session.template != nil else {
            return nil
        }
        return session
    }

    /// The newest session of that name, as far as a template made it.
    package func describe(
        _ name: SessionName, for caller: Caller
    ) async throws(BerthError) -> TemplateSessionView? {
        guard let session = try await found(name, for: caller) else { return nil }
        return try await view(session)
    }

    /// Those of these sessions that a template made.
    package func describe(rows: [Int64]) async throws(BerthError) -> [Int64: TemplateSessionView] {
        var views: [Int64: TemplateSessionView] = [:]
        for session in try await manager.templateSessions(rows: rows) { views[session.row] = try await view(session) }
        return views
    }

    /// A part of an agent's log, of the newest session of that name while it is active.
    package func log(
        of agent: AgentName, in session: SessionName, _ part: AgentLogPart, for caller: Caller
    ) async throws(BerthError) -> AgentLog {
        let found = try await manager.session(session, for: caller)
        guard let start = found.template?.start else {
            throw BerthError(
                .notFound, "The session \(session) was made from no template, and Berth keeps no log of its processes.")
        }
        guard found.endedAt == nil else {
            throw BerthError(.notFound, "The session \(session) has ended, and its agents' logs went with it.")
        }
        let lease = try await manager.templateLease(of: found)
        guard (lease?.agents.map(\.name) ?? agentNames(of: start)).contains(agent) else {
            throw BerthError(
                .notFound, "The session \(session), made from the template \(start.template), has no agent \(agent).")
        }
        let (position, maxBytes): (Int64?, Int) =
            switch part {
            case .tail(let bytes): (nil, bytes)
            case .behind(let position, let maxBytes): (position, maxBytes)
            }
        let text = try parts.launcher.readLog(
            parts.files.log(agent, session: found.row), behind: position, maxBytes: maxBytes)
        return AgentLog(bytes: text.bytes, end: text.end)
    }

    /// The agents of a lease, at the router where there is one.
    package func reach(_ lease: Lease) -> [ReachedAgent] {
        lease.agents.map {
            ReachedAgent(name: $0.name, agent: $0, url: parts.url(lease.session, $0.name, $0.port))
        }
    }

    func started(
        _ name: SessionName, _ kind: SessionStarted.Kind, _ caller: Caller
    ) async throws(BerthError) -> SessionStarted {
        let session = try await manager.session(name, for: caller)
        guard let view = try await view(session) else {
            throw BerthError(.notFound, "There is no session \(name) of a template.")
        }
        return SessionStarted(kind: kind, session: session, view: view, token: parts.token(session.row))
    }

    /// The newest session of that name; nil when there is none that the caller may see.
    private func found(_ name: SessionName, for caller: Caller) async throws(BerthError) -> Session? {
        do throws(BerthError) {
            return try await manager.session(name, for: caller)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Nil for a session that no template made.
    private func view(_ session: Session) async throws(BerthError) -> TemplateSessionView? {
        guard let template = session.template else { return nil }
        let lease = try await manager.templateLease(of: session)
        return TemplateSessionView(
            template: template.start.template, phase: session.endedAt == nil ? template.phase : nil, lease: lease?.id,
            agents: lease.map(reach) ?? sleepingAgents(of: session))
    }

    /// The agents of a session that sleeps without ports, as its template has them now.
    private func sleepingAgents(of session: Session) -> [ReachedAgent] {
        guard let state = session.template, state.rest != nil else { return [] }
        return agentNames(of: state.start).map {
            ReachedAgent(name: $0, agent: nil, url: parts.url(session.name, $0, nil))
        }
    }
}
