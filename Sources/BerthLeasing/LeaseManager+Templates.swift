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

    /// The active lease that the agents of a template's session have their ports from; nil when it has none.
    package func templateLease(of session: Session) async throws(BerthError) -> Lease? {
        guard let template = session.template, session.endedAt == nil else { return nil }
        var filter = LeaseFilter()
        filter.session = session.name
        filter.limit = 1000
        return try await store.leases(filter).first { $0.name == template.start.leaseName }
    }
}
