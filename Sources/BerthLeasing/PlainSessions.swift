package import BerthCore
package import BerthStore

/// The sessions of a daemon without templates: none is made from one.
package struct PlainSessions: SessionKeeping {
    private let manager: LeaseManager

    package init(manager: LeaseManager) { self.manager = manager }

    /// Knows no template.
    package func start(
        _ request: SessionStart, _ context: ChangeContext, wait: WaitPreference?
    ) async throws(BerthError) -> SessionStarted {
        throw request.unknownTemplate(among: [])
    }

    /// Releases its leases and cancels its tickets.
    package func end(_ name: SessionName, _ context: ChangeContext) async throws(BerthError) {
        try await manager.endSession(name, context)
    }

    /// None was made from a template.
    package func describe(_ name: SessionName, for caller: Caller) async throws(BerthError) -> TemplateSessionView? {
        nil
    }

    /// None was made from a template.
    package func describe(rows: [Int64]) async throws(BerthError) -> [Int64: TemplateSessionView] { [:] }

    /// Nothing is kept of what its processes write.
    package func log(
        of agent: AgentName, in session: SessionName, _ part: AgentLogPart, for caller: Caller
    ) async throws(BerthError) -> AgentLog {
        _ = try await manager.session(session, for: caller)
        throw BerthError(
            .notFound, "The session \(session) was made from no template, and Berth keeps no log of its processes.")
    }

    /// Every lease can be released by itself.
    package func checkReleasable(_ lease: LeaseID, for caller: Caller) async throws(BerthError) {}
}

extension SessionStart {
    /// What a request is told whose template there isn't.
    /// - Parameter templates: those that the caller may start; of others it learns nothing.
    package func unknownTemplate(among templates: [TemplateName]) -> BerthError {
        let names = templates.isEmpty ? "none" : templates.map(\.rawValue).joined(separator: ", ")
        return BerthError(.notFound, "There is no template \(template) for you; there are: \(names).")
    }
}
