import BerthCore
import BerthTestSupport

/// What the clients were told, and what follows from it by the rules: a second telling of the leases' lives, which the
/// rows are compared with.
struct Ledger {
    /// Who may have a resting block back at once.
    struct Holder: Hashable {
        let principal: Principal
        let session: SessionName
        let name: LeaseName?
        let pool: PoolName

        init(_ lease: Lease) {
            (principal, session, name, pool) = (lease.principal, lease.session, lease.name, lease.pool)
        }
    }

    /// An active lease, as far as its clients know.
    struct Claim {
        /// As it was granted: what never changes is read from here.
        let lease: Lease
        /// Its agents that have a process, with the last process that each was given.
        var agents: [AgentName: ProcessIdentity] = [:]
        var ttl: Int64?
        /// Milliseconds on the boot clock; nil for none.
        var deadline: Int64?
        /// The deadline by the wall clock, as it stood when it was set.
        var display: Int64 = 0

        /// The processes that were ever told to hold it and that were not replaced.
        var processes: [ProcessIdentity] { (lease.owner.map { [$0] } ?? []) + agents.values }

        /// The processes of a lease's agents as its rows have them, ended ones too.
        static func agents(of lease: Lease) -> [AgentName: ProcessIdentity] {
            var agents: [AgentName: ProcessIdentity] = [:]
            for agent in lease.agents {
                switch agent.state {
                case .running(let process), .exited(let process, _): agents[agent.name] = process
                case .reserved: break
                }
            }
            return agents
        }
    }

    /// A port whose lease ended without a word.
    struct Rest {
        let holder: Holder
        let block: PortBlock
        var until: Int64
    }

    var claims: [LeaseID: Claim] = [:]
    var rests: [Port: Rest] = [:]
    /// The tickets that wait, as they were after the last step, and since when nobody asks about each.
    var line: [TicketID: Ticket] = [:]
    var asked: [TicketID: Int64] = [:]
    var lastTicket = TicketID(0)
    /// Leases that were waited for, and of which nobody has heard.
    var unheard: Set<LeaseID> = []
    /// The line could not be served, and no sweep has come since.
    var isLineBroken = false
    /// Whether a daemon was ever started anew.
    var hasRestarted = false
    /// The highest lease that was ever seen: the next one is higher.
    var lastLease = LeaseID(0)
    /// When the daemon was last seen serving, by the boot clock.
    var lastServed: Int64 = 0
    static let quarantine: Int64 = 2000
    private static let grace: Int64 = 30_000
    private static let gap: Int64 = 3000

    /// The claims, the oldest first: a seed must not depend on the order of a dictionary.
    var ordered: [Claim] { claims.values.sorted { $0.lease.id < $1.lease.id } }

    mutating func granted(_ lease: Lease, at now: Moment) {
        claims[lease.id] = Claim(lease: lease, agents: Claim.agents(of: lease))
        lastLease = max(lastLease, lease.id)
        if let ttl = lease.ttlMilliseconds { setDeadline(of: lease.id, ttl: ttl, left: ttl, now) }
        for port in lease.block.ports { rests[port] = nil }
    }

    mutating func renewed(_ id: LeaseID, requested: Int64?, at now: Moment) {
        guard let claim = claims[id] else { return }
        if let requested {
            setDeadline(of: id, ttl: requested, left: requested, now)
        } else if let ttl = claim.ttl, let deadline = claim.deadline, deadline < now.boot.milliseconds + ttl {
            setDeadline(of: id, ttl: ttl, left: ttl, now)
        }
    }

    /// The daemon started: nobody could renew before.
    mutating func restarted(afterReboot: Bool, ports: Set<Port>, at now: Moment) {
        for claim in claims.values {
            guard let ttl = claim.ttl, let deadline = claim.deadline else { continue }
            let left =
                afterReboot
                ? min(max(0, claim.display - now.wall.milliseconds), ttl) : deadline - now.boot.milliseconds
            if left <= 0 {
                setDeadline(of: claim.lease.id, ttl: ttl, left: min(ttl, Self.grace), now)
            } else if afterReboot {
                setDeadline(of: claim.lease.id, ttl: ttl, left: left, now)
            }
        }
        for (port, rest) in rests {
            if !ports.contains(port) {
                rests[port] = nil
            } else if afterReboot {
                rests[port]?.until = rest.until == .min ? .min : now.boot.milliseconds + Self.quarantine
            }
        }
        lastServed = now.boot.milliseconds
    }

    /// The daemon looks around again: deadlines that passed while it did not serve are moved.
    mutating func served(at now: Moment) {
        let before = lastServed
        lastServed = now.boot.milliseconds
        guard lastServed - before > Self.gap else { return }
        for claim in claims.values {
            guard let ttl = claim.ttl, let deadline = claim.deadline, deadline > before, deadline <= lastServed else {
                continue
            }
            setDeadline(of: claim.lease.id, ttl: ttl, left: min(ttl, Self.grace), now)
        }
    }

    /// Rests that are over bind nobody any more; after a reboot they do not begin again.
    mutating func forgetRests(at now: Int64) {
        for (port, rest) in rests where rest.until <= now { rests[port]?.until = .min }
    }

    private mutating func setDeadline(of id: LeaseID, ttl: Int64, left: Int64, _ now: Moment) {
        claims[id]?.ttl = ttl
        claims[id]?.deadline = now.boot.milliseconds + left
        claims[id]?.display = now.wall.milliseconds + left
    }
}
