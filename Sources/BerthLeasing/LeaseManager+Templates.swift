package import BerthCore
package import BerthStore

/// What whoever keeps sessions of templates needs of their leases.
extension LeaseManager {
    /// The active sessions that were made from templates.
    package func templateSessions() async throws(BerthError) -> [Session] { try await store.templateSessions() }

    /// Those of these sessions that were made from templates, ended ones among them.
    package func templateSessions(rows: [Int64]) async throws(BerthError) -> [Session] {
        try await store.templateSessions(rows: rows)
    }

    /// Brings a session to another phase; see ``LeaseStore/turn(_:from:to:reason:_:)``.
    package func turn(
        _ row: Int64, from earlier: Set<SessionPhase>, to phase: SessionPhase, reason: String?,
        _ context: ChangeContext
    ) async throws(BerthError) -> Bool {
        try await store.turn(row, from: earlier, to: phase, reason: reason, context)
    }

    /// Releases a template's lease, whose agents have been stopped, and has its session sleep; see
    /// ``LeaseStore/sleep(_:releasing:from:reason:_:)``.
    package func sleep(
        _ row: Int64, releasing lease: LeaseID, from earlier: Set<SessionPhase>, reason: String
    ) async throws(BerthError) -> Bool {
        try await store.sleep(row, releasing: lease, from: earlier, reason: reason, .daemon)
    }

    /// Ends a session that sleeps without a lease; false when it is no such session any more.
    package func endSleeper(_ row: Int64, _ context: ChangeContext) async throws(BerthError) -> Bool {
        try await store.endSleeper(row, context)
    }

    /// In whose name a session that sleeps gets its next lease: its own principal's, who has no more rights by that than
    /// those of a request.
    /// - Throws: `forbidden` where it belongs to a token that lets nobody in any more.
    package func owner(of session: Session) async throws(BerthError) -> ChangeContext {
        var maxPorts: Int?
        if case .token(let text) = session.principal, let name = TokenName(rawValue: text), name != .administrator {
            guard let token = try await store.token(name), token.state(at: clock.now().wall) == .active else {
                throw BerthError(
                    .forbidden,
                    "The session \(session.name) sleeps, and its token \(name) lets nobody in any more, so it gets no ports."
                        + " Create the token anew, or end the session.")
            }
            maxPorts = token.terms.maxPorts
        }
        return ChangeContext(
            caller: Caller(
                principal: session.principal, isAdministrator: false, mayNameProcesses: false, maxPorts: maxPorts))
    }

    /// The active lease that the agents of a template's session have their ports from; nil when it has none.
    package func templateLease(of session: Session) async throws(BerthError) -> Lease? {
        guard let template = session.template, session.endedAt == nil else { return nil }
        var filter = LeaseFilter()
        filter.session = session.name
        filter.limit = 1000
        return try await store.leases(filter).first { $0.name == template.start.leaseName }
    }
}
