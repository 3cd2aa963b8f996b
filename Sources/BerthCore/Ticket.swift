/// The identity of a ticket, and its place at the gate of the sessions: strictly increasing, never reused.
package struct TicketID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package static func < (left: TicketID, right: TicketID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}

/// A wish for a block that waits in the line.
package struct Ticket: Hashable, Sendable {
    package let id: TicketID
    package let principal: Principal
    /// What is wished for; an owner is identified by now.
    package let request: GrantRequest
    /// Nil for a lease that will never expire.
    package let ttlMilliseconds: Int64?
    /// The port quota of whoever asked; nil for none.
    package let maxPorts: Int?
    /// Whether its client has a reply already and asks again; any other keeps a connection open.
    package let isAsync: Bool
    package let requestID: String?
    /// Whether a repeat of the request may find it.
    package let hasKey: Bool
    package let createdAt: Instant
    /// When it lapses, on the boot clock and on the wall clock as it was when it was made.
    package let deadline: BootTime
    package let deadlineAt: Instant
    /// Its place among the tickets of its pool; nil while it waits for a session's slot.
    package let turn: Int64?
    /// How often a smaller one went before it.
    package let passed: Int
    package let state: TicketState

    package init(
        id: TicketID, principal: Principal, request: GrantRequest, ttlMilliseconds: Int64?, maxPorts: Int?,
        isAsync: Bool, requestID: String?, hasKey: Bool, createdAt: Instant, deadline: BootTime, deadlineAt: Instant,
        turn: Int64?, passed: Int, state: TicketState
    ) {
        self.id = id
        self.principal = principal
        self.request = request
        self.ttlMilliseconds = ttlMilliseconds
        self.maxPorts = maxPorts
        self.isAsync = isAsync
        self.requestID = requestID
        self.hasKey = hasKey
        self.createdAt = createdAt
        self.deadline = deadline
        self.deadlineAt = deadlineAt
        self.turn = turn
        self.passed = passed
        self.state = state
    }

    /// The process that is to own the lease.
    package var owner: ProcessIdentity? {
        if case .caller(let process)? = request.owner { process } else { nil }
    }
}

/// How far a ticket has come. It ends once.
package enum TicketState: Hashable, Sendable {
    case waiting
    /// A lease was made for it. It is redeemed once its client is about to be told; until then its client is known not to
    /// have heard of it.
    case granted(LeaseID, at: Instant, isRedeemed: Bool)
    /// Its client left, or nobody can take the lease any more.
    case cancelled(at: Instant, reason: String)
    /// It can't be granted any more: its time is over, or a rule refuses it. The code is the error's that says so.
    case lapsed(ErrorCode, at: Instant, reason: String)

    /// The name that stands in the database and in the API.
    package var name: String {
        switch self {
        case .waiting: "waiting"
        case .granted: "granted"
        case .cancelled: "cancelled"
        case .lapsed: "lapsed"
        }
    }
}

/// What a request says about waiting (RFC 7240).
package struct WaitPreference: Hashable, Sendable {
    /// How long the answer may take, in seconds; nil when nothing is said.
    package var seconds: Int64?
    /// Whether a ticket is an answer, too.
    package var isAsync: Bool

    /// The longest wait that may be asked for.
    package static let maxSeconds: Int64 = 3600
    /// How long a ticket whose client asks again may wait.
    package static let asyncTicketSeconds: Int64 = 86_400

    package init(seconds: Int64?, isAsync: Bool) {
        self.seconds = seconds
        self.isAsync = isAsync
    }

    /// When a ticket that is made for it lapses.
    package var ticketMilliseconds: Int64 { (isAsync ? Self.asyncTicketSeconds : seconds ?? 0) * 1000 }
}

/// In which order a pool grants what waits for its ports.
package enum QueuePolicy: String, CaseIterable, Sendable {
    /// First come, first served, whatever the sizes.
    case fifo
    /// Smaller wishes may go before one that finds no room, ``maxPasses`` times at most.
    case bestEffort = "best-effort"

    /// How often the first of a line is passed at most.
    package static let maxPasses = 16
}
