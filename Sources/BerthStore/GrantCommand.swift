package import BerthCore

/// A grant as the store gets it: the wish, checked, with the block that is proposed for it.
package struct GrantCommand: Sendable {
    package let request: GrantRequest
    package let context: ChangeContext
    /// Where the lease should lie, probed; nil when there is no room, so that only a repeat can succeed.
    package let proposal: Proposal?
    /// The live owner, identified.
    package let owner: ProcessIdentity?
    /// Nil for a lease that never expires.
    package let ttlMilliseconds: Int64?
    /// The lease of the same name that was found without a live process, and whose end is part of this grant.
    package let supersedes: LeaseID?
    package let processes: any ProcessTable
    /// Whether the proposal was made for want of the blocks that the holder had before, so that one of them that came
    /// back meanwhile is to be tried first.
    package let mayReturn: Bool
    /// What the request says about waiting.
    package let wait: WaitPreference?
    /// The ticket that it was waiting on.
    package let ticket: TicketID?
    /// Whether a missing proposal means that there is no room; else nobody looked, for the sake of those in front.
    package let knowsRoom: Bool

    package init(
        request: GrantRequest, context: ChangeContext, proposal: Proposal?, owner: ProcessIdentity?,
        ttlMilliseconds: Int64?, supersedes: LeaseID?, processes: any ProcessTable, mayReturn: Bool = false,
        wait: WaitPreference? = nil, ticket: TicketID? = nil, knowsRoom: Bool = true
    ) {
        self.request = request
        self.context = context
        self.proposal = proposal
        self.owner = owner
        self.ttlMilliseconds = ttlMilliseconds
        self.supersedes = supersedes
        self.processes = processes
        self.mayReturn = mayReturn
        self.wait = wait
        self.ticket = ticket
        self.knowsRoom = knowsRoom
    }
}

/// A block that is reserved and was found unbound.
package struct Proposal: Hashable, Sendable {
    package let block: PortBlock
    /// The holder's own former lease that the ports rest in quarantine after; nil when they are free.
    package let formerLease: LeaseID?
    /// Where next fit goes on if it chose this block; nil when the holder had it before or asked for it.
    package let nextPort: Int?

    package init(block: PortBlock, formerLease: LeaseID? = nil, nextPort: Int? = nil) {
        self.block = block
        self.formerLease = formerLease
        self.nextPort = nextPort
    }
}

/// What became of a grant.
package enum GrantOutcome: Sendable {
    /// A new lease; `ended` is the dead holder's that made way for it.
    case granted(Lease, ended: EndedLease?)
    /// The active lease of that name, renewed.
    case existing(Lease)
    /// A repeat of an earlier request.
    case replayed(Lease, status: Int)
    /// Only a block is missing.
    case noProposal
    /// Others wait in front.
    case lineInFront
    /// It waits in line, since this request or an earlier one with the same key.
    case waiting(Ticket, isReplay: Bool)
    /// A repeat of an earlier request that was answered with a ticket.
    case replayedTicket(Ticket)
    /// The ticket waits behind others, or waits no more.
    case notItsTurn
    /// The lease of that name has lost all its processes. Nothing was changed: ask again with a proposal that takes
    /// its block over, where that is unbound.
    case superseded(Lease)
    /// A block that the holder had before came back meanwhile. Nothing was changed: propose that one.
    case holderMayReturn
    /// The rows do not agree that the proposal is free.
    case staleProposal
}
