package import BerthCore
import BerthLeasing
package import BerthRouter
import BerthStore
import Synchronization

/// How sessions that sleep come to run again.
extension SessionKeeper: SessionWaker {
    /// How long a request may wait in line for the ports of the session that it wakes, in seconds; no longer than the agents
    /// may take to be ready.
    private static let patienceSeconds: Int64 = 30
    /// A session is found in another state each time, so a handful is many.
    private static let tries = 16

    /// Starts the agents of a session that sleeps; of another one nothing. Where it gave its ports back, it gets others, for
    /// which it waits in line.
    ///
    /// Who comes meanwhile waits for the same, so that it goes on when the one who asked first hangs up.
    package func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError) {
        let (row, name) = (session.row, session.name)
        if try await lacks(agent, name, row: row) { throw .unknownAgent(agent, of: name) }
        let waking = kept.withLock { all in
            if let waking = all.wakings[row] { return waking }
            let waking = Task { () -> Result<Void, BerthError> in
                let result: Result<Void, BerthError>
                do throws(BerthError) {
                    try await self.awaken(name, row: row, nil)
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                self.kept.withLock { $0.wakings[row] = nil }
                return result
            }
            all.wakings[row] = waking
            return waking
        }
        do throws(BerthError) {
            try await waking.value.get()
        } catch {
            // There is nothing to wake any more: whoever asks looks again, and is told what is there now.
            guard error.code == .leaseEnded else { throw error }
        }
    }

    /// Whether the session's template, as it is now, has no such agent.
    private func lacks(_ agent: AgentName, _ name: SessionName, row: Int64) async throws(BerthError) -> Bool {
        let session: Session
        do throws(BerthError) {
            session = try await manager.session(name, for: .daemon)
        } catch {
            // One that ended meanwhile: whoever asks looks again.
            guard error.code == .notFound else { throw error }
            return false
        }
        guard session.row == row, let start = session.template?.start, let template = template(start.template) else {
            return false
        }
        return !template.agents.contains { $0.name == agent }
    }

    /// Returns once the session's agents run.
    /// - Parameter wait: how long it may wait for ports; nil for as long as whoever asks the router does.
    /// - Throws: what leasing throws, `agent-failed`, `lease-ended`.
    func awaken(_ name: SessionName, row: Int64, _ wait: WaitPreference?) async throws(BerthError) {
        for _ in 0..<Self.tries {
            guard let kept = try await keptAwake(name, row: row, wait) else { return }
            try await kept.start.value.get()
            if try await wake(kept.running) { return }
            putAside(kept.running)
        }
        throw RunningSession.ended(name)
    }

    /// The session in memory, with the lease that its agents are to run on; nil where no template made it.
    private func keptAwake(
        _ name: SessionName, row: Int64, _ wait: WaitPreference?
    ) async throws(BerthError) -> Kept? {
        if let found = kept.withLock({ $0.byRow[row] }) { return found }
        let session = try await manager.session(name, for: .daemon)
        guard session.row == row, session.endedAt == nil else { throw RunningSession.ended(name) }
        guard let state = session.template else { return nil }
        if state.rest != nil { return keep(session, try await leaseAgain(session, state.start, wait), .starting) }
        guard let lease = try await manager.templateLease(of: session) else { throw RunningSession.ended(name) }
        switch state.phase {
        case .starting: return keep(session, lease, .starting)
        case .asleep: return keep(session, lease, .asleep)
        case .running: return keep(session, lease, .running)
        case .stopping: throw RunningSession.ended(name)
        }
    }

    /// Leases a session ports that sleeps without any, in its own principal's name.
    private func leaseAgain(
        _ session: Session, _ start: TemplateStart, _ wait: WaitPreference?
    ) async throws(BerthError) -> Lease {
        guard let template = template(start.template) else {
            throw BerthError(
                .notFound, "The template of the session \(session.name) is in the configuration no more.")
        }
        let seconds = min(Int64(template.readySeconds), Self.patienceSeconds)
        let grant = GrantRequest(
            session: session.name, count: template.agents.count, name: start.leaseName, pool: template.pool,
            agents: template.agents.map(\.name), template: start, wakes: session.row)
        return try await lease(
            grant, try await manager.owner(of: session), wait ?? WaitPreference(seconds: seconds, isAsync: false)
        ).0
    }

    /// Starts the agents of a session that sleeps, and lets requests through to them.
    ///
    /// Others may wait for the same start, so that it goes on when the one who asked hangs up.
    /// - Returns: false where its ports were given back.
    private func wake(_ running: RunningSession) async throws(BerthError) -> Bool {
        let woken = await Task { () -> Result<Bool, BerthError> in
            do throws(BerthError) {
                let isAwake = try await running.wake()
                if isAwake { self.manager.routes.resume(running.lease) }
                return .success(isAwake)
            } catch {
                return .failure(error)
            }
        }.value
        return try woken.get()
    }
}
