import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport

/// What must hold after every step.
extension Simulation {
    func check() async throws {
        try await settleUnanswered()
        let commits = daemon.pulse.commits
        if snapshotCommits != commits {
            snapshot = try await Snapshot.read(daemon.store)
            snapshotCommits = commits
            try await checkLine()
            try checkPorts()
            try await checkLeases()
        }
        try checkMemory()
        try checkAbandoned()
        try checkOverdue()
        ledger.forgetRests(at: host.now)
    }

    /// A request whose client heard nothing was done whole or not at all, and one that was refused was not done.
    private func settleUnanswered() async throws {
        for id in events.refused where try await Snapshot.leases(ofRequest: id, daemon.store) != nil {
            throw failure("\(id) was refused, and it was done")
        }
        guard let id = events.unanswered, let touched = try await Snapshot.leases(ofRequest: id, daemon.store) else {
            return
        }
        note("  \(id) was done")
        for id in touched.sorted() {
            guard let lease = try await daemon.store.lease(id, for: .daemon) else {
                throw failure("the audit names lease \(id), and there is none")
            }
            let isNew = ledger.claims[id] == nil
            guard case .active(let expiry) = lease.state else {
                if case .ended(.released, _, _, _) = lease.state {
                    ledger.claims[id] = nil
                    events.released.insert(id)
                } else {
                    // The agent that was detached held it last.
                    ledger.claims[id]?.agents = Ledger.Claim.agents(of: lease)
                }
                continue
            }
            if isNew {
                // One that waited may have been served after the crash, from pools that changed in between.
                let isFromLine = try await newestTicket(got: id)
                try checkGrant(lease, in: isFromLine ? host.pools + (events.beforeCrash?.pools ?? []) : nil)
                events.granted.append(id)
            }
            ledger.granted(lease, at: host.clock.now())
            if case .at(let deadline, let display) = expiry {
                ledger.claims[id]?.deadline = deadline.milliseconds
                ledger.claims[id]?.display = display.milliseconds
            }
        }
    }

    /// Whether the ticket that was made in this step got the lease.
    private func newestTicket(got lease: LeaseID) async throws -> Bool {
        let next = TicketID(ledger.lastTicket.number + 1)
        guard case .granted(let got, _, _) = try await daemon.store.ticket(next, for: .daemon)?.state else {
            return false
        }
        return got == lease
    }

    // MARK: A grant

    /// Nothing bound is ever granted, nothing that rests goes to somebody else, and identities only grow.
    /// - Parameter pools: as they may have been when it was granted.
    func checkGrant(_ lease: Lease, in pools: [Pool]? = nil) throws {
        let before = pools == nil ? ledger.lastLease : events.lastLease
        guard lease.id > before else { throw failure("lease \(lease.id) comes after \(before)") }
        let bound = lease.block.ports.filter(host.bound.contains)
        guard bound.isEmpty else { throw failure("\(lease.block) was granted, and \(bound) is bound") }
        guard
            (pools ?? events.beforeCrash?.pools ?? host.pools).contains(where: { pool in
                pool.name == lease.pool && pool.runs.contains { $0.contains(lease.block) }
            })
        else { throw failure("\(lease.block) lies in no run of the pool \(lease.pool)") }
        for port in lease.block.ports {
            guard let rest = ledger.rests[port], rest.until > host.now else { continue }
            guard rest.holder == Ledger.Holder(lease), rest.block == lease.block else {
                throw failure("port \(port) rests until \(rest.until), and lease \(lease.id) got it")
            }
        }
    }

    // MARK: Rows

    /// Every leased port's lease is active, every active lease has exactly its ports, and the pools are as configured.
    private func checkPorts() throws {
        var owners: [Port: LeaseID] = [:]
        for lease in snapshot.leases {
            for port in lease.block.ports {
                if let other = owners.updateValue(lease.id, forKey: port) {
                    throw failure("leases \(other) and \(lease.id) share port \(port)")
                }
            }
        }
        var pools: [Port: PoolName] = [:]
        for pool in host.pools { for port in pool.ports { pools[port] = pool.name } }
        for record in snapshot.ports {
            guard record.lease == owners[record.port], (record.state == .leased) == (record.lease != nil) else {
                throw failure(
                    "port \(record.port) is \(record.state), lease \(owners[record.port].map { "\($0)" } ?? "none")")
            }
            guard pools.removeValue(forKey: record.port) == record.pool else {
                throw failure("port \(record.port) is in the pool \(record.pool.map { "\($0)" } ?? "none")")
            }
            if record.state == .free, let rest = ledger.rests[record.port], rest.until > host.now {
                throw failure("port \(record.port) is free, and should rest until \(rest.until)")
            }
        }
        guard pools.isEmpty else { throw failure("ports have no rows: \(pools.keys.sorted())") }
    }

    /// The active leases are those that clients know of, as they know them; each other one ended for a reason.
    private func checkLeases() async throws {
        var rows: [LeaseID: Lease] = [:]
        for lease in snapshot.leases { rows[lease.id] = lease }
        for claim in ledger.ordered {
            if let lease = rows.removeValue(forKey: claim.lease.id) {
                try check(lease, against: claim)
            } else {
                try await checkEnd(of: claim)
            }
        }
        if let lease = rows.values.min(by: { $0.id < $1.id }) {
            throw failure("lease \(lease.id) is active, and nobody was told of it")
        }
    }

    private func check(_ lease: Lease, against claim: Ledger.Claim) throws {
        let granted = claim.lease
        guard lease.block == granted.block, lease.pool == granted.pool, lease.owner == granted.owner,
            lease.principal == granted.principal, lease.session == granted.session, lease.name == granted.name
        else { throw failure("lease \(lease.id) is another than was granted") }
        let deadline: Int64? =
            if case .active(.at(let deadline, _)) = lease.state { deadline.milliseconds } else { nil }
        guard deadline == claim.deadline else {
            throw failure(
                "lease \(lease.id) ends at \(deadline.map { "\($0)" } ?? "never"), not at"
                    + " \(claim.deadline.map { "\($0)" } ?? "never")")
        }
        if lease.ownerExitedAt != nil, let owner = lease.owner, host.lives(owner) {
            throw failure("the owner of lease \(lease.id) was taken for dead, and lives")
        }
        guard !lease.isAbandoned else { throw failure("lease \(lease.id) is active, and its rows say nobody holds it") }
        guard
            lease.agents.map(\.name).sorted(by: { $0.rawValue < $1.rawValue })
                == claim.agents.keys.sorted(by: { $0.rawValue < $1.rawValue })
        else { throw failure("lease \(lease.id) has other agents than were attached") }
        for agent in lease.agents {
            switch agent.state {
            case .running(let process) where process == claim.agents[agent.name]: break
            case .exited(let process, _) where process == claim.agents[agent.name] && !host.lives(process): break
            default: throw failure("agent \(agent.name) of lease \(lease.id) is \(agent.state)")
            }
        }
    }

    /// A lease that its client did not end: its processes are dead, or its time is over. Anything else is a false
    /// reclaim.
    private func checkEnd(of claim: Ledger.Claim) async throws {
        let id = claim.lease.id
        guard let lease = try await daemon.store.lease(id, for: .daemon),
            case .ended(let end, _, let reason, _) = lease.state
        else { throw failure("lease \(id) was acknowledged, and is lost") }
        let time = events.beforeCrash?.time ?? host.now
        let deadline = events.beforeCrash?.deadlines[id] ?? claim.deadline
        let isRightful =
            switch end {
            case .orphaned: claim.lease.owner != nil && !claim.processes.contains(where: host.lives)
            case .expired: deadline.map { $0 <= time } ?? false
            // Nobody heard of it: its client had gone when it was granted.
            case .released: ledger.unheard.contains(id)
            }
        guard isRightful else {
            report.falseReclaims += 1
            throw failure("false reclaim: lease \(id) was \(end.rawValue), \(reason)")
        }
        ledger.claims[id] = nil
        sweepsSinceAbandoned[id] = nil
        switch end {
        case .orphaned: report.orphaned += 1
        case .expired: report.expired += 1
        case .released:
            report.takenBack += 1
            return
        }
        let rest = Ledger.Rest(
            holder: Ledger.Holder(claim.lease), block: claim.lease.block, until: time + Ledger.quarantine)
        let successors = events.granted.compactMap { ledger.claims[$0]?.lease }
        // A port that was in no pool any more is nobody's business.
        let managed = host.managed.intersection((events.beforeCrash?.pools ?? host.pools).flatMap(\.ports))
        for port in claim.lease.block.ports where managed.contains(port) {
            guard let successor = successors.first(where: { $0.block.contains(port) }) else {
                ledger.rests[port] = rest
                continue
            }
            guard rest.holder == Ledger.Holder(successor), rest.block == successor.block else {
                throw failure("port \(port) of lease \(id) went to lease \(successor.id) without a rest")
            }
        }
    }

    // MARK: Memory

    /// What memory proposes from is what the rows say.
    private func checkMemory() throws {
        for pool in host.pools {
            let (free, resting) = daemon.manager.ports.contents(of: pool.name)
            var rested = 0
            for record in snapshot.ports where record.pool == pool.name {
                guard free.contains(record.port) == (record.state == .free) else {
                    throw failure("memory and rows differ: port \(record.port) is \(record.state)")
                }
                guard record.state == .quarantined || record.state == .foreign else { continue }
                rested += 1
                guard let rest = resting[record.port], rest.state == record.state, rest.lastLease == record.lastLease
                else { throw failure("memory and rows differ: port \(record.port) is \(record.state), at rest") }
                if let until = record.restsUntil, until != rest.restsUntil {
                    throw failure("port \(record.port) rests until \(until.milliseconds), in memory otherwise")
                }
            }
            guard rested == resting.count else { throw failure("memory lets ports rest that do not: \(resting.keys)") }
            guard daemon.manager.ports.reservations(in: pool.name) == 0 else { throw failure("a reservation leaked") }
        }
    }

    // MARK: What the daemon must have done by now

    /// How many sweeps may pass until each watched process was looked at: each looks at four, in rounds.
    private static let sweepsForAllLooks = 60

    /// A lease that nobody holds any more ends, whether an event told of the deaths or not.
    private func checkAbandoned() throws {
        for lease in snapshot.leases {
            guard lease.owner != nil, let claim = ledger.claims[lease.id] else { continue }
            guard !claim.processes.contains(where: host.lives) else {
                sweepsSinceAbandoned[lease.id] = nil
                continue
            }
            if events.hasReaped { throw failure("lease \(lease.id) is held by nobody, and was not reaped") }
            let sweeps = sweepsSinceAbandoned[lease.id, default: 0] + (events.hasSwept && !events.isFaultArmed ? 1 : 0)
            sweepsSinceAbandoned[lease.id] = sweeps
            if sweeps > Self.sweepsForAllLooks {
                throw failure("lease \(lease.id) is held by nobody, and \(sweeps) sweeps passed it over")
            }
        }
    }

    /// No lease outlives its deadline past a sweep.
    private func checkOverdue() throws {
        guard events.hasReaped || events.hasSwept, !events.isFaultArmed else { return }
        for claim in ledger.ordered where claim.deadline.map({ $0 <= host.now }) == true {
            throw failure("lease \(claim.lease.id) ended at \(claim.deadline ?? 0), and is active")
        }
    }

    func checkAudit() async throws {
        if let problem = try await Snapshot.auditProblem(daemon.store) {
            throw failure("the audit: \(problem)")
        }
    }
}
