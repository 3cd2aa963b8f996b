package import BerthCore
package import BerthLeasing
package import BerthStore
package import Logging
import ServiceLifecycle
import Synchronization

/// Starts sessions from templates, keeps their agents running, and stops them.
///
/// Whatever it does is in the rows before it counts: a session with its phase, an agent with its process. So the next
/// daemon goes on with what this one leaves, however it ended.
package final class SessionKeeper: SessionKeeping {
    /// What it is made of.
    package struct Parts: Sendable {
        package var manager: LeaseManager
        package var templates: [SessionTemplate]
        package var launcher: any AgentLauncher
        package var probe: any ReadinessProbe
        package var files: AgentFiles
        /// Where an agent is reached: on its port, or by the router, which needs none.
        package var url: @Sendable (SessionName, AgentName, Port?) -> String?
        /// What opens the session of that row at the router; nil where there is none.
        package var token: @Sendable (Int64) -> String?
        package var logger: Logger

        package init(
            manager: LeaseManager, templates: [SessionTemplate], launcher: any AgentLauncher,
            probe: any ReadinessProbe, files: AgentFiles,
            url: @escaping @Sendable (SessionName, AgentName, Port?) -> String?,
            token: @escaping @Sendable (Int64) -> String?, logger: Logger
        ) {
            self.manager = manager
            self.templates = templates
            self.launcher = launcher
            self.probe = probe
            self.files = files
            self.url = url
            self.token = token
            self.logger = logger
        }
    }

    /// A session in memory, with its start, which every request for it waits for.
    struct Kept: Sendable {
        let running: RunningSession
        let start: Task<Result<Void, BerthError>, Never>
    }

    /// The sessions in memory.
    struct Table: Sendable {
        var byRow: [Int64: Kept] = [:]
        /// The rows of the sessions that have these leases.
        var rows: [LeaseID: Int64] = [:]
        /// What the router waits for while sessions get ports again, by their rows.
        var wakings: [Int64: Task<Result<Void, BerthError>, Never>] = [:]
    }

    let parts: Parts
    let kept: Mutex<Table>
    let events: AsyncStream<LeaseEvent>

    package init(parts: Parts) {
        self.parts = parts
        let (events, continuation) = AsyncStream.makeStream(of: LeaseEvent.self)
        self.events = events
        kept = Mutex(Table())
        parts.manager.events.follow { [weak self] event in
            // Most leases are nobody's here.
            guard let self, event.lease.map({ self.kept(of: $0) != nil }) ?? true else { return }
            continuation.yield(event)
        }
    }

    var manager: LeaseManager { parts.manager }

    var tools: SessionTools {
        SessionTools(
            manager: manager, launcher: parts.launcher, probe: parts.probe, files: parts.files, logger: parts.logger)
    }

    func template(_ name: TemplateName) -> SessionTemplate? { parts.templates.first { $0.name == name } }

    // MARK: Starting

    /// Leases a block, starts the template's agents in it, and returns once all are ready.
    package func start(
        _ request: SessionStart, _ context: ChangeContext, wait: WaitPreference?
    ) async throws(BerthError) -> SessionStarted {
        guard let template = template(request.template) else {
            throw request.unknownTemplate(
                among: parts.templates.filter { $0.access.allows(context.caller) }.map(\.name).sorted {
                    $0.rawValue < $1.rawValue
                })
        }
        guard template.access.allows(context.caller) else {
            throw BerthError(
                .forbidden, "\(context.caller.principal) may not start the template \(template.name): see its 'allow'.")
        }
        let values = try TemplateValues(template, given: request.variables)
        let start = TemplateStart(template: template.name, variables: values.all)
        let grant = GrantRequest(
            session: request.session, count: template.agents.count, name: start.leaseName, pool: template.pool,
            ttl: request.ttl, agents: template.agents.map(\.name), isPinned: request.ttl == .never, template: start)
        let (lease, kind) = try await lease(grant, context, wait)
        let session = try await manager.session(request.session, for: context.caller)
        guard session.endedAt == nil else { return try await started(request.session, kind, context.caller) }
        guard case .active = lease.state, session.template?.rest == nil else {
            // What an earlier request got may sleep by now.
            if session.template?.rest != nil { try await awakenUnlessStopping(session, wait) }
            return try await started(request.session, kind, context.caller)
        }
        let kept = keep(session, lease, .starting)
        let isNew = kind == .created && !kept.running.isWoken
        try await attend(to: kept, mayAbandon: isNew && context.idempotency == nil)
        switch await kept.running.mode {
        case .asleep, .released: try await awakenUnlessStopping(session, wait)
        case .starting, .running, .ending: break
        }
        return try await started(
            request.session, kind == .created && !isNew ? .existing : kind, context.caller)
    }

    private func awakenUnlessStopping(_ session: Session, _ wait: WaitPreference?) async throws(BerthError) {
        try await unlessStopping { () async throws(BerthError) in
            try await self.awaken(session.name, row: session.row, wait)
        }
    }

    /// Leases the block, in line where the request may wait.
    func lease(
        _ grant: GrantRequest, _ context: ChangeContext, _ wait: WaitPreference?
    ) async throws(BerthError) -> (Lease, SessionStarted.Kind) {
        while true {
            var reply = try await manager.lease(grant, context, wait: wait)
            if case .waiting(let ticket, let isReplay) = reply {
                reply = try await manager.attend(
                    to: ticket, wait, context, isReplay: isReplay, isStopping: { Task.isShuttingDownGracefully })
            }
            switch reply {
            case .created(let lease): return (lease, .created)
            case .existing(let lease): return (lease, .existing)
            case .replayed(let lease, _): return (lease, .replayed)
            case .again: continue
            case .waiting, .ticket:
                throw BerthError(
                    .invalidField, "A session's start cannot be answered with a ticket: leave respond-async out.")
            }
        }
    }

    /// Waits for the start.
    /// - Parameter mayAbandon: whether it is the request's own, which has no key to come back with: a client that hangs up
    ///   while its agents are started does not want them any more.
    private func attend(to kept: Kept, mayAbandon: Bool) async throws(BerthError) {
        do throws(BerthError) {
            try await outcome(of: kept.start)
        } catch {
            // A stop of the daemon cancels later than it lets go, and is no hang-up.
            if mayAbandon, Task.isCancelled, !Task.isShuttingDownGracefully { await kept.running.abandonStart() }
            throw error
        }
    }

    /// The session in memory; it is made, and its start begins, where it is not there yet.
    /// - Parameter mode: where it stands.
    func keep(_ session: Session, _ lease: Lease, _ mode: RunningSession.Mode) -> Kept {
        if let found = kept.withLock({ $0.byRow[session.row] }) { return found }
        let made = running(session, lease, mode)
        manager.routes.setCardRule(made.template?.card ?? .rewrite, of: lease.id)
        // Who asks wakes it; until then, and until it has woken, nobody is let through.
        if mode == .asleep || (mode == .starting && made.isWoken) {
            _ = manager.routes.suspend(lease.id, idleSince: manager.now().boot)
        }
        return kept.withLock { all in
            if let found = all.byRow[session.row] { return found }
            let start = Task { () -> Result<Void, BerthError> in
                guard mode == .starting else { return .success(()) }
                do throws(BerthError) {
                    try await made.start()
                    self.manager.routes.resume(lease.id)
                    return .success(())
                } catch {
                    await self.discard(made, error)
                    return .failure(error)
                }
            }
            let new = Kept(running: made, start: start)
            all.byRow[session.row] = new
            all.rows[lease.id] = session.row
            return new
        }
    }

    private func running(
        _ session: Session, _ lease: Lease, _ mode: RunningSession.Mode
    ) -> RunningSession {
        var (found, agents): (SessionTemplate?, [RenderedAgent]) = (nil, [])
        if let start = session.template?.start, let template = template(start.template) {
            do throws(BerthError) {
                agents = try render(template, start, session, lease)
                found = template
            } catch {
                parts.logger.error(
                    "a session's template has changed, and nothing of it can be started",
                    metadata: ["session": "\(session.name)", "template": "\(template.name)", "error": "\(error)"])
            }
        }
        let now = manager.now().boot
        var lives: [AgentName: AgentLife] = [:]
        for agent in lease.agents {
            lives[agent.name] = agent.state.runningProcess.map { .running($0, since: now, restarts: 0) } ?? .stopped
        }
        return RunningSession(
            session: session, lease: lease, template: found, agents: agents, lives: lives, mode: mode, tools: tools)
    }

    private func render(
        _ template: SessionTemplate, _ start: TemplateStart, _ session: Session, _ lease: Lease
    ) throws(BerthError) -> [RenderedAgent] {
        let given = Dictionary(uniqueKeysWithValues: start.variables.map { ($0.key.rawValue, $0.value) })
        let rendering = try TemplateRendering(
            template, session: session.name, lease: lease.id, block: lease.block,
            values: try TemplateValues(template, given: given))
        return try rendering.agents { parts.files.cidfile($0, session: session.row) }
    }

    // MARK: The service

    /// Takes over what earlier daemons left. To be called once, before the first request.
    package func adopt() async throws(BerthError) {
        for session in try await manager.templateSessions() {
            guard let lease = try await manager.templateLease(of: session), let phase = session.template?.phase else {
                continue
            }
            switch phase {
            case .starting: _ = keep(session, lease, .starting)
            case .running: await keep(session, lease, .running).running.restartMissing()
            case .asleep:
                let running = keep(session, lease, .asleep).running
                Task { await running.stopSurvivors() }
            case .stopping:
                let running = keep(session, lease, .ending).running
                Task { await self.finish(running) }
            }
        }
    }

    func kept(of lease: LeaseID) -> RunningSession? {
        kept.withLock { all in all.rows[lease].flatMap { all.byRow[$0]?.running } }
    }
}
