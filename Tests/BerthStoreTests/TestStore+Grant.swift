import BerthCore
import BerthStore
import BerthTestSupport
import Testing

/// What a test wishes; everything has a default that is granted in a fresh store.
struct Wish {
    var session: SessionName = "alice"
    var name: LeaseName?
    /// The first port of the proposal; nil for no proposal.
    var first: Int? = 20_000
    var count = 2
    /// Nil for a lease that never expires.
    var ttl: Int64? = 60_000
    /// Whether the request named the TTL, so that a renewal takes it over.
    var namesTTL = false
    var owner: ProcessIdentity?
    var agents: [AgentName] = []
    var labels: [String: String] = [:]
    var isPinned = false
    var template: TemplateStart?
    var wakes: Int64?
    var pool = PoolName.standard
    var placement = GrantRequest.Placement.anywhere
    var nextPort: Int?
    var formerLease: LeaseID?
    var supersedes: LeaseID?
    var wait: WaitPreference?
    var ticket: TicketID?
    var context = ChangeContext.alice

    var request: GrantRequest {
        GrantRequest(
            session: session, count: count, name: name, pool: pool,
            ttl: namesTTL ? ttl.map { .seconds($0 / 1000) } ?? .never : .byDefault,
            owner: owner.map(RequestedProcess.caller), agents: agents, placement: placement, labels: labels,
            isPinned: isPinned, template: template, wakes: wakes)
    }
}

extension TestStore {
    /// Asks for what the wish says.
    func grant(_ wish: Wish) async throws -> GrantOutcome {
        let proposal = wish.first.map { first in
            Proposal(block: .of(first, wish.count), formerLease: wish.formerLease, nextPort: wish.nextPort)
        }
        return try await store.grant(
            GrantCommand(
                request: wish.request, context: wish.context, proposal: proposal, owner: wish.owner,
                ttlMilliseconds: wish.ttl, supersedes: wish.supersedes, processes: processes, wait: wish.wait,
                ticket: wish.ticket))
    }

    /// Asks for what the wish says and expects a new lease.
    @discardableResult
    func lease(_ wish: Wish = Wish()) async throws -> Lease {
        let outcome = try await grant(wish)
        guard case .granted(let lease, _) = outcome else { throw NotGranted(outcome: "\(outcome)") }
        return lease
    }

    /// The lease as its rows say now.
    func now(_ lease: Lease) async throws -> Lease {
        try #require(try await store.lease(lease.id, for: .administrator))
    }
}

/// A grant that a test counted on came to nothing.
struct NotGranted: Error {
    let outcome: String
}

extension Lease {
    /// Whether it is active still.
    var isActive: Bool { if case .active = state { true } else { false } }

    /// How it ended; nil while it is active.
    var end: LeaseEnd? { if case .ended(let end, _, _, _) = state { end } else { nil } }

    /// Its deadline on the boot clock; nil when it has none.
    var deadline: BootTime? { if case .active(.at(let deadline, _)) = state { deadline } else { nil } }

    /// When it expires by the wall clock; nil when it is not active or never expires.
    var expiresAt: Instant? { if case .active(.at(_, let display)) = state { display } else { nil } }
}
