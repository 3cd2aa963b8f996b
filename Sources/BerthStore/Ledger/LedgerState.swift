import FoundationEssentials

/// What the records of the audit say that the rows must be, at one record: sessions and leases that live, every port,
/// and the pools. Ended leases and sessions are not in it, so that it stays as small as what lives.
///
/// It is kept as JSON in a cut of the audit, from which what comes later goes on.
struct LedgerState: Hashable, Sendable, Codable {
    /// By name; only one session of a name is active.
    var sessions: [String: Session] = [:]
    /// The active ones.
    var leases: [Int64: Lease] = [:]
    var ports: [UInt16: Port] = [:]
    var pools: [String: AuditDetails.Layout] = [:]
    /// Ended leases whose records are gone and whose rows stay, since something refers to them.
    var kept: [Int64: Lease] = [:]
    /// The ended sessions of those, in the same way. Nil in states of before there were any.
    var keptSessions: [Int64: Session]?
    /// The waiting ones, and granted ones whose clients have not heard of their leases. Nil in states of before there were
    /// any.
    var tickets: [Int64: Ticket]?
    /// Those that were not revoked. Nil in states of before there were any.
    var tokens: [Int64: Token]?
    /// Whether pools have changed and the ports not yet.
    var hasNewPools = false

    /// A row of `sessions`.
    struct Session: Hashable, Sendable, Codable {
        var id: Int64
        var name: String
        var principal: String
        var createdAt: Int64
        var endedAt: Int64?
        var leases = 0
        var ports = 0
        /// Nil in states of before there were any, too.
        var template: String?
        var phase: String?
        /// Set while it sleeps without a lease.
        var rest: AuditDetails.Deadline?
    }

    /// A row of `leases`, with its agents.
    struct Lease: Hashable, Sendable, Codable {
        var id: Int64
        var session: Int64
        var name: String?
        var pool: String
        var firstPort: Int
        var count: Int
        var principal: String
        var owner: AuditDetails.Process?
        var ownerExitedAt: Int64?
        /// By port.
        var agents: [UInt16: Agent] = [:]
        var labels: [String: String] = [:]
        var isPinned = false
        var ttl: Int64?
        var createdAt: Int64
        var renewedAt: Int64
        var state = "active"
        var deadlineBoot: String?
        var deadline: Int64?
        var expiresAt: Int64?
        var endedAt: Int64?
        var endReason: String?
    }

    /// A row of `agents`.
    struct Agent: Hashable, Sendable, Codable {
        var name: String
        var state = "reserved"
        var process: AuditDetails.Process?
        var exitedAt: Int64?
    }

    /// A row of `ports`.
    struct Port: Hashable, Sendable, Codable {
        var pool: String?
        var state = "free"
        var lease: Int64?
        var lastLease: Int64?
        var endedAt: Int64?
        var restBoot: String?
        var restUntil: Int64?
        var restSince: Int64?
        var restReason: String?
    }
}

extension LedgerState {
    /// As a cut keeps it.
    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// Reads what ``text()`` wrote.
    init(text: String) throws { self = try JSONDecoder().decode(LedgerState.self, from: Data(text.utf8)) }
}
