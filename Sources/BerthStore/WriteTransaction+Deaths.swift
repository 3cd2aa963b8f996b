package import BerthCore
import GRDB

/// Deaths of a lease's processes, as parts of larger changes.
extension WriteTransaction {
    /// Notes deaths of processes of an active lease, and ends the lease as orphaned when nobody is left who holds it.
    ///
    /// Only what the rows have as living is noted, so that a death that is told twice, or of a process that was
    /// replaced since, changes nothing.
    func note(
        _ deaths: [Death], of lease: Lease, _ context: ChangeContext, _ store: LeaseStore
    ) throws -> DeathOutcome {
        var outcome = DeathOutcome(lease: lease)
        var noted: Set<ProcessIdentity> = []
        for death in deaths where noted.insert(death.process).inserted {
            let evidence = death.evidence(startedAt: store.processes.startInstant(of: death.process))
            if let owner = lease.owner, lease.ownerExitedAt == nil, owner.isSameProcess(as: death.process) {
                try noteOwnerExit(evidence, of: lease, context)
                outcome.exits.append(ExitedProcess(agent: nil, process: owner, evidence: evidence))
            }
            for agent in lease.agents {
                guard let process = agent.state.runningProcess, process.isSameProcess(as: death.process) else {
                    continue
                }
                try noteExit(of: agent.name, process, evidence, of: lease, context)
                outcome.exits.append(ExitedProcess(agent: agent.name, process: process, evidence: evidence))
            }
        }
        guard let last = outcome.exits.last else { return outcome }
        outcome.ended = try endIfAbandoned(
            lease.id, reason: "its last process has ended: \(last.name) \(last.evidence)", context, store)
        return outcome
    }

    /// Ends the lease as orphaned when it had an owner, and the owner and every agent have ended.
    func endIfAbandoned(
        _ id: LeaseID, reason: String, _ context: ChangeContext, _ store: LeaseStore
    ) throws -> EndedLease? {
        guard let lease = try store.lease(id, db), case .active = lease.state, lease.isAbandoned else { return nil }
        return try end(lease, .orphaned, reason: reason, context, store)
    }

    private func noteOwnerExit(_ evidence: String, of lease: Lease, _ context: ChangeContext) throws {
        let changed = try changes(
            "UPDATE leases SET owner_exited_at = ? WHERE id = ? AND state = 'active' AND owner_exited_at IS NULL",
            [now.wall.milliseconds, lease.id.number])
        guard changed == 1 else { throw BerthError(.internal, "Lease \(lease.id) changed under its owner's end.") }
        var entry = context.entry(.ownerExited, reason: evidence).about(lease)
        entry.pid = lease.owner?.pid
        try audit(entry)
    }

    private func noteExit(
        of agent: AgentName, _ process: ProcessIdentity, _ evidence: String, of lease: Lease,
        _ context: ChangeContext
    ) throws {
        let changed = try changes(
            """
            UPDATE agents SET state = 'exited', exited_at = ?
            WHERE lease_id = ? AND name = ? AND state = 'running' AND process_pid = ? AND process_ticks = ?
            """,
            [
                now.wall.milliseconds, lease.id.number, agent.rawValue, process.pid,
                Int64(bitPattern: process.startTicks),
            ])
        guard changed == 1 else { throw BerthError(.internal, "Agent \(agent) changed under its end.") }
        var entry = context.entry(.agentExited, reason: evidence).about(lease)
        entry.agent = agent
        entry.pid = process.pid
        try audit(entry)
    }
}

/// A process whose end was noted.
package struct ExitedProcess: Hashable, Sendable {
    /// Nil for the lease's owner.
    package let agent: AgentName?
    package let process: ProcessIdentity
    package let evidence: String

    package init(agent: AgentName?, process: ProcessIdentity, evidence: String) {
        self.agent = agent
        self.process = process
        self.evidence = evidence
    }

    /// `owner`, or the agent by its name.
    package var name: String { agent.map { "agent \($0)" } ?? "owner" }
}

/// What deaths did to a lease.
package struct DeathOutcome: Hashable, Sendable {
    /// The lease as it was before.
    package let lease: Lease
    package var exits: [ExitedProcess] = []
    /// Set when nobody was left who held the lease.
    package var ended: EndedLease?

    package init(lease: Lease) { self.lease = lease }
}
