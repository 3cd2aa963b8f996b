package import BerthCore

/// How a request names a session.
package enum SessionSelector: Hashable, Sendable {
    case name(SessionName)
    /// A ``SessionLabel``, as a host name has it.
    case label(String)
}

/// A live session, as far as its requests are concerned.
package struct RoutedSession: Hashable, Sendable {
    package let name: SessionName
    /// Its row in the database: the same name later is another session.
    package let row: Int64
    package let principal: Principal

    package init(name: SessionName, row: Int64, principal: Principal) {
        self.name = name
        self.row = row
        self.principal = principal
    }
}

extension BerthError {
    /// What a request for an agent is told that its session does not have.
    package static func unknownAgent(_ agent: AgentName, of session: SessionName) -> BerthError {
        BerthError(.notFound, "The session \(session) has no agent \(agent).")
    }
}

/// What a session has under an agent's name.
package enum RouteLook: Hashable, Sendable {
    case route(AgentRoute)
    /// It is known, and has to be woken first.
    case asleep
    case noAgent
}

/// Where requests go, by the word of whoever grants leases.
///
/// All but ``wake(_:)`` answer at once, from memory that is brought up to date before anybody hears of a change: a lease that
/// ended is not live any more by the time its ports can be granted again.
package protocol RouteTable: Sendable {
    /// The session of that name or label; nil where none has agents.
    func session(_ selector: SessionSelector) -> RoutedSession?

    /// The agent's place in the session's leases, the oldest first.
    func route(_ agent: AgentName, of session: RoutedSession) -> RouteLook

    /// Returns once the session's agents are ready.
    /// - Throws: why they are not; `not-found` where the session has no such agent, for which nothing is woken.
    func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError)

    /// Whether the lease has not ended.
    func isLive(_ lease: LeaseID) -> Bool

    /// Notes a request to an agent of the lease; its ``finish(_:)`` follows. A request that is under way, a stream too, keeps
    /// the session awake.
    /// - Returns: false where the lease has ended or its session sleeps; nothing is noted then.
    func begin(_ lease: LeaseID) -> Bool

    /// Notes the end of a request that was begun.
    func finish(_ lease: LeaseID)

    /// Calls `body` with each lease that ends, after ``isLive(_:)`` says so and before its ports can be granted again. It must
    /// be quick.
    func followEndings(_ body: @escaping @Sendable (LeaseID) -> Void)
}
