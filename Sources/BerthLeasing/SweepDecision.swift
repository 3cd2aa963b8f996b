package import BerthCore

/// One thing that a sweep did, would do, or leaves as it is, with its evidence.
package struct SweepDecision: Hashable, Sendable {
    /// What is decided. The raw value stands in the API.
    package enum Action: String, Hashable, CaseIterable, Sendable {
        /// A process of a lease has ended.
        case exit
        /// Nobody holds the lease any more: it ends.
        case orphan
        /// The lease's TTL is over: it ends.
        case expire
        /// A resting port is free again.
        case recover
        /// A resting port is a stranger's from now on.
        case foreign
        /// A lease or a resting port stays as it is, though somebody might expect otherwise.
        case keep
    }

    package let action: Action
    package var lease: LeaseID?
    package var session: SessionName?
    package var pool: PoolName?
    package var block: PortBlock?
    package var agent: AgentName?
    package var pid: Int32?
    package let evidence: String

    init(_ action: Action, evidence: String) {
        self.action = action
        self.evidence = evidence
    }

    /// A decision about this lease.
    init(_ action: Action, _ lease: Lease, evidence: String) {
        self.init(action, evidence: evidence)
        self.lease = lease.id
        session = lease.session
        pool = lease.pool
        block = lease.block
    }
}
