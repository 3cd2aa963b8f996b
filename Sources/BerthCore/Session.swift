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
    /// The number of its row, which no other session ever has.
    package let row: Int64
    /// Nil for one that was not made from a template.
    package let template: SessionTemplateState?

    package init(
        name: SessionName, principal: Principal, createdAt: Instant, endedAt: Instant?, leases: Int, ports: Int,
        row: Int64, template: SessionTemplateState? = nil
    ) {
        self.name = name
        self.principal = principal
        self.createdAt = createdAt
        self.endedAt = endedAt
        self.leases = leases
        self.ports = ports
        self.row = row
        self.template = template
    }
}
