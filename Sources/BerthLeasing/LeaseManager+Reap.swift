package import BerthCore
import BerthStore

/// A sweep on demand: everything is looked at, whether an event told of it or not.
extension LeaseManager {
    /// Looks at every process, deadline and resting port, and acts on what it finds.
    ///
    /// - Parameter dryRun: tell what would be done, and do nothing.
    /// - Returns: each decision with its evidence; nothing for what simply goes on.
    package func reap(dryRun: Bool) async throws(BerthError) -> [SweepDecision] {
        let now = clock.now().boot
        // What passed in a gap is not over yet; a dry run only leaves it out.
        let due = gapStart(at: now) ?? now
        if !dryRun { try await forgiveGap(now) }
        var decisions = try await reapProcesses(dryRun: dryRun)
        decisions += try await reapDeadlines(at: due, dryRun: dryRun)
        decisions += try await reapRestingPorts(dryRun: dryRun)
        return decisions
    }

    private static let reapPage = 256

    /// Looks at the processes of every lease, and records those that have ended.
    package func reapProcesses(dryRun: Bool) async throws(BerthError) -> [SweepDecision] {
        var decisions: [SweepDecision] = []
        var last = LeaseID(0)
        while true {
            let page = try await store.leasesWithProcesses(after: last, limit: Self.reapPage)
            for start in stride(from: 0, to: page.count, by: Reaper.batch) {
                let piece = page[start..<min(start + Reaper.batch, page.count)]
                decisions += try await reap(Array(piece), dryRun: dryRun)
            }
            guard page.count == Self.reapPage, let id = page.last?.id else { return decisions }
            last = id
        }
    }

    private func reap(_ leases: [Lease], dryRun: Bool) async throws(BerthError) -> [SweepDecision] {
        let dead = leases.map { lease in
            (lease: lease, deaths: lease.liveProcesses.filter { !processes.isAlive($0) }.map { Death($0, .look) })
        }
        let kept = dead.filter { $0.deaths.isEmpty && $0.lease.ownerExitedAt != nil }.map { decision(toKeep: $0.lease) }
        let wanted = dead.filter { !$0.deaths.isEmpty }
        guard !wanted.isEmpty else { return kept }
        let outcomes = try await store.recordDeaths(
            wanted.map { ($0.lease.id, $0.deaths) }, isRehearsal: dryRun, .daemon)
        guard !dryRun else { return kept + outcomes.flatMap(decisions) }
        for outcome in outcomes { tell(outcome) }
        for death in wanted.flatMap(\.deaths) where watches.leases(of: death.process).isEmpty {
            watches.bury(death.process)
        }
        return kept + outcomes.flatMap(decisions)
    }

    private func decision(toKeep lease: Lease) -> SweepDecision {
        let names = lease.agents.compactMap { agent in
            agent.state.runningProcess.map { "\(agent.name) (PID \($0.pid))" }
        }
        return SweepDecision(
            .keep, lease, evidence: "its owner has ended, but it has live agents: \(names.joined(separator: ", "))")
    }

    private func decisions(_ outcome: DeathOutcome) -> [SweepDecision] {
        var decisions = outcome.exits.map { exit in
            var decision = SweepDecision(.exit, outcome.lease, evidence: exit.evidence)
            decision.agent = exit.agent
            decision.pid = exit.process.pid
            return decision
        }
        if outcome.ended != nil {
            decisions.append(
                SweepDecision(.orphan, outcome.lease, evidence: "its owner and all of its agents have ended"))
        }
        return decisions
    }

    private func reapDeadlines(at now: BootTime, dryRun: Bool) async throws(BerthError) -> [SweepDecision] {
        var decisions: [SweepDecision] = []
        while true {
            let due = try await store.dueLeases(at: now, limit: dryRun ? Int.max : Reaper.batch)
            decisions += due.map { SweepDecision(.expire, $0, evidence: "its TTL ran out") }
            guard !dryRun, !due.isEmpty else { return decisions }
            _ = try await store.expire(limit: Reaper.batch, .daemon)
        }
    }

    private func reapRestingPorts(dryRun: Bool) async throws(BerthError) -> [SweepDecision] {
        var decisions: [SweepDecision] = []
        // Those that are put back would come up again, so all are taken at once, and looked at piece by piece.
        var left = ports.takeResting(.all, at: clock.now().boot, limit: Int.max)[...]
        defer { for (port, resting) in left { ports.rest(port, resting) } }
        while !left.isEmpty {
            let piece = Array(left.prefix(Self.looksAtOnce))
            left.removeFirst(piece.count)
            decisions += try await look(at: piece, dryRun: dryRun, explains: true).map(decision)
        }
        return decisions
    }

    private func decision(of look: PortLook) -> SweepDecision {
        let action: SweepDecision.Action =
            switch look.becomes {
            case .free: .recover
            case .foreign: .foreign
            case .leased, .quarantined, .unmanaged, nil: .keep
            }
        var decision = SweepDecision(action, evidence: look.evidence)
        decision.block = PortBlock(look.port)
        decision.lease = look.resting.lastLease
        decision.pool = pools.values.first { pool in pool.runs.contains { $0.contains(look.port) } }?.name
        return decision
    }
}
