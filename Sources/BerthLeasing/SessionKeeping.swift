package import BerthCore
package import BerthStore

/// Whoever starts, keeps and ends sessions that are made from templates.
package protocol SessionKeeping: Sendable {
    /// Leases a block, starts the template's agents in it and returns once all are ready.
    ///
    /// Its task is cancelled when the client hangs up.
    /// - Parameter wait: how long it may wait in line for ports; nil fails where it would have to. It is never asynchronous.
    /// - Throws: `not-found` for a template that there isn't, `forbidden`, `invalid-field`, what leasing throws, and
    ///   `agent-failed` with ``ErrorFacts/agent(_:log:)``; then nothing of it is left.
    func start(
        _ request: SessionStart, _ context: ChangeContext, wait: WaitPreference?
    ) async throws(BerthError) -> SessionStarted

    /// Ends a session, made from a template or not: stops its agents, then releases its leases and cancels its tickets.
    /// - Throws: `not-found`.
    func end(_ name: SessionName, _ context: ChangeContext) async throws(BerthError)

    /// The newest session of that name as far as a template made it; nil for one that none made, that there isn't, or that
    /// the caller may not see.
    func describe(_ name: SessionName, for caller: Caller) async throws(BerthError) -> TemplateSessionView?

    /// Of these sessions, by their rows, those that a template made. The caller may see them.
    func describe(rows: [Int64]) async throws(BerthError) -> [Int64: TemplateSessionView]

    /// The agents of a lease, whoever started them.
    func reach(_ lease: Lease) -> [ReachedAgent]

    /// A part of an agent's log.
    /// - Throws: `not-found` for a session or an agent that there isn't.
    func log(
        of agent: AgentName, in session: SessionName, _ part: AgentLogPart, for caller: Caller
    ) async throws(BerthError) -> AgentLog
}

/// A wish for a session, checked in form.
package struct SessionStart: Hashable, Sendable {
    package let session: SessionName
    package let template: TemplateName
    /// As they were sent; the template says whether they are right (``TemplateValues``).
    package let variables: [String: String]
    /// `never` pins it, which only an administrator may.
    package let ttl: RequestedTTL

    package init(session: SessionName, template: TemplateName, variables: [String: String], ttl: RequestedTTL) {
        self.session = session
        self.template = template
        self.variables = variables
        self.ttl = ttl
    }
}

/// A session that was started, or found again.
package struct SessionStarted: Sendable {
    /// Whether it was started for this request.
    package enum Kind: Hashable, Sendable {
        case created
        /// It was active already, made from the same template with the same values; where it slept, it was woken.
        case existing
        /// An earlier request with the same Idempotency-Key made it.
        case replayed
    }

    package let kind: Kind
    package let session: Session
    package let view: TemplateSessionView
    /// What opens it at the router.
    package let token: String?

    package init(kind: Kind, session: Session, view: TemplateSessionView, token: String?) {
        self.kind = kind
        self.session = session
        self.view = view
        self.token = token
    }
}

/// What a template's session has beside what every session has.
package struct TemplateSessionView: Hashable, Sendable {
    package let template: TemplateName
    /// Nil once it has ended.
    package let phase: SessionPhase?
    /// Nil once it has ended, and while it sleeps without one.
    package let lease: LeaseID?
    /// In the template's order.
    package let agents: [ReachedAgent]

    package init(template: TemplateName, phase: SessionPhase?, lease: LeaseID?, agents: [ReachedAgent]) {
        self.template = template
        self.phase = phase
        self.lease = lease
        self.agents = agents
    }
}

/// An agent of a session, and where it is reached: by the router where there is one.
package struct ReachedAgent: Hashable, Sendable {
    package let name: AgentName
    /// Nil while its session sleeps without a lease.
    package let agent: Agent?
    /// Nil where nothing leads to it.
    package let url: String?

    package init(name: AgentName, agent: Agent?, url: String?) {
        self.name = name
        self.agent = agent
        self.url = url
    }
}

/// Which part of a log is asked for.
package enum AgentLogPart: Hashable, Sendable {
    /// The last so many bytes.
    case tail(bytes: Int)
    /// What was written behind a position that an earlier answer told, at most so many bytes. A log that is shorter by now
    /// was cut meanwhile, and is followed from its end on.
    case behind(position: Int64, maxBytes: Int)
}

/// A part of an agent's log.
package struct AgentLog: Hashable, Sendable {
    package let bytes: [UInt8]
    /// The position in the file behind the last of these bytes.
    package let end: Int64

    package init(bytes: [UInt8], end: Int64) {
        self.bytes = bytes
        self.end = end
    }
}

extension SessionStart {
    /// What a request is told whose template there isn't.
    /// - Parameter templates: those that the caller may start; of others it learns nothing.
    package func unknownTemplate(among templates: [TemplateName]) -> BerthError {
        let names = templates.isEmpty ? "none" : templates.map(\.rawValue).joined(separator: ", ")
        return BerthError(.notFound, "There is no template \(template) for you; there are: \(names).")
    }
}
