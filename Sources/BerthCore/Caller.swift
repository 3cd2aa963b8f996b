/// The principal of one request, and what it may do.
package struct Caller: Hashable, Sendable {
    /// Whom the request's effects belong to.
    package let principal: Principal
    /// Administrators see and change everybody's leases and may pin their own.
    package let isAdministrator: Bool
    /// Whether a token was made with the right to name processes. Users of the host have it for their own.
    package let mayNameProcesses: Bool
    /// How many ports its leases may have together; nil for as many as there are.
    package let maxPorts: Int?

    package init(
        principal: Principal, isAdministrator: Bool, mayNameProcesses: Bool, maxPorts: Int? = nil
    ) {
        self.principal = principal
        self.isAdministrator = isAdministrator
        self.mayNameProcesses = mayNameProcesses
        self.maxPorts = maxPorts
    }

    /// Whether this caller sees and changes what belongs to `owner`.
    package func maySee(_ owner: Principal) -> Bool { isAdministrator || owner == principal }
}
