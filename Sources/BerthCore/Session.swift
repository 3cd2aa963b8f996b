/// Whoever holds leases under one name: a user's visit, a worktree, a job.
///
/// It starts with its first grant and ends in the transaction that ends its last lease. The same name later is a new
/// session.
package struct Session: Hashable, Sendable {
    package let name: SessionName
    package let principal: Principal
    package let createdAt: Instant
    /// Nil while it is active.
    package let endedAt: Instant?
    /// How many active leases it has, and how many ports they hold.
    package let leases: Int
    package let ports: Int

    package init(
        name: SessionName, principal: Principal, createdAt: Instant, endedAt: Instant?, leases: Int, ports: Int
    ) {
        self.name = name
        self.principal = principal
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.leases = leases
        self.ports = ports
    }
}
