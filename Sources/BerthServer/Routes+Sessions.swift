import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird

/// Which sessions a list shows.
private enum SessionState: String, CaseIterable { case active, ended, all }

extension Routes {
    /// What is read of a log at once: by itself, and at most.
    private static let standardTail = 64 << 10
    private static let longestTail = 1 << 20

    func addSessions(to router: Router<BerthRequestContext>) {
        book.add(.post, APIPath.sessions, to: router) { request, context, _ in
            try await start(request, context)
        }
        book.add(
            .get, "/v1/sessions", query: ["state", "limit", "cursor"], isHeavy: true, to: router
        ) { _, context, query in
            try await listSessions(context, query)
        }
        book.add(.get, "/v1/sessions/{session}", to: router) { _, context, _ in
            let name = try name("session", SessionName.self, context)
            let caller = try context.requireCaller()
            let session = try await manager.session(name, for: caller)
            let view = try await sessions.describe(name, for: caller)
            return try Reply.json(SessionResource(session, view.map(TemplateMembers.init)))
        }
        book.add(.delete, "/v1/sessions/{session}", to: router) { request, context, _ in
            try await sessions.end(try name("session", SessionName.self, context), try change(request, context))
            return Reply.noContent
        }
        book.add(.get, "/v1/sessions/{session}/agents", to: router) { _, context, _ in
            try await catalogue(context)
        }
        book.add(
            .get, "/v1/sessions/{session}/agents/{agent}/log", query: ["tail", "after"], isHeavy: true, to: router
        ) { _, context, query in
            let log = try await sessions.log(
                of: try name("agent", AgentName.self, context), in: try name("session", SessionName.self, context),
                try Self.part(query), for: try context.requireCaller())
            return Reply.text(
                ByteBuffer(bytes: log.bytes), type: "text/plain; charset=utf-8",
                // What an agent writes is no page, whatever it looks like.
                fields: [.berthLogEnd: String(log.end), .xContentTypeOptions: "nosniff", .cacheControl: "no-store"])
        }
    }

    private func start(_ request: Request, _ context: BerthRequestContext) async throws -> Response {
        let body = try await request.berthBody()
        let wish = try request.decode(SessionRequest.self, from: body)
        let change = try change(request, context, body: body)
        // A ticket starts no agents: who waits for a session waits for its answer.
        let wait = try Prefer(request.headers).wait?.seconds.map { WaitPreference(seconds: $0, isAsync: false) }
        let sessions = sessions
        let started = try await whileConnected(context) {
            try await sessions.start(
                SessionStart(
                    session: wish.session, template: wish.template, variables: wish.variables, ttl: wish.ttl),
                change, wait: wait)
        }
        var fields: HTTPFields = [.cacheControl: "no-store"]
        if started.kind == .replayed { fields[.idempotencyReplayed] = "true" }
        if started.kind != .existing { fields[.location] = APIPath.session(started.session.name.rawValue) }
        return try Reply.json(
            StartedSession(
                SessionResource(started.session, TemplateMembers(started.view)), token: started.token),
            status: started.kind == .existing ? .ok : .created, fields: fields)
    }

    private func listSessions(_ context: BerthRequestContext, _ query: Query) async throws -> Response {
        let state = try query.choice("state", SessionState.self) ?? .all
        let limit = try query.limit()
        let filter = SessionFilter(
            state: state == .all ? nil : state.rawValue, after: try query.cursor(), limit: limit + 1)
        let found = try await manager.sessions(filter, for: try context.requireCaller())
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor.text($0.row) } : nil
        let views = try await sessions.describe(rows: page.map(\.row))
        return try Reply.json(
            SessionPage(
                sessions: page.map { SessionResource($0.session, views[$0.row].map(TemplateMembers.init)) },
                nextCursor: next),
            fields: next.map { [.link: query.link(to: APIPath.sessions, cursor: $0)] } ?? [:])
    }

    /// The agents of a template's session, or of any other's active leases.
    private func catalogue(_ context: BerthRequestContext) async throws -> Response {
        let name = try name("session", SessionName.self, context)
        let caller = try context.requireCaller()
        let session = try await manager.session(name, for: caller)
        if let view = try await sessions.describe(name, for: caller) {
            return try Reply.json(AgentCatalogue(session: name.rawValue, agents: TemplateMembers(view).agents))
        }
        var filter = LeaseFilter()
        filter.session = name
        filter.limit = 1000
        let leases = session.endedAt == nil ? try await manager.leases(filter, for: caller) : []
        return try Reply.json(
            AgentCatalogue(
                session: name.rawValue, agents: leases.flatMap(sessions.reach).map(SessionAgentResource.init)))
    }

    private static func part(_ query: Query) throws(BerthError) -> AgentLogPart {
        let after = try query.number("after", atLeast: 0)
        guard let tail = try query.number("tail", atLeast: 0) else {
            guard let after else { return .tail(bytes: standardTail) }
            return .behind(position: after, maxBytes: longestTail)
        }
        guard after == nil else {
            throw BerthError.invalid("after", "cannot stand beside tail: it goes on from where an answer ended")
        }
        guard tail <= longestTail else {
            throw BerthError.invalid("tail", "must be a whole number from 0 to \(longestTail)")
        }
        return .tail(bytes: Int(tail))
    }
}

extension TemplateMembers {
    init(_ view: TemplateSessionView) {
        self.init(
            template: view.template.rawValue, phase: view.phase?.rawValue, leaseID: view.lease?.number,
            agents: view.agents.map(SessionAgentResource.init))
    }
}

extension SessionAgentResource {
    init(_ reached: ReachedAgent) {
        if let agent = reached.agent {
            self.init(agent, url: reached.url)
        } else {
            self.init(asleep: reached.name, url: reached.url)
        }
    }
}
