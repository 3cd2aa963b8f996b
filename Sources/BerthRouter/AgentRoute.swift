package import BerthCore

/// Where a request to one agent of a session goes: a port, for as long as its lease lives.
package struct AgentRoute: Hashable, Sendable {
    package let session: SessionName
    package let agent: AgentName
    package let lease: LeaseID
    package let port: Port
    /// Whose session it is.
    package let principal: Principal
    package let card: CardRule

    package init(
        session: SessionName, agent: AgentName, lease: LeaseID, port: Port, principal: Principal, card: CardRule
    ) {
        self.session = session
        self.agent = agent
        self.lease = lease
        self.port = port
        self.principal = principal
        self.card = card
    }
}
