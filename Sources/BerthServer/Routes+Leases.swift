import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import FoundationEssentials
import HTTPTypes
import Hummingbird
import ServiceLifecycle

extension Routes {
    func addLeases(to router: Router<BerthRequestContext>) {
        book.add(.post, "/v1/leases", to: router) { request, context, _ in
            let body = try await request.berthBody()
            let wish = try request.decode(LeaseRequest.self, from: body)
            var grant = wish.grant
            if wish.isOwnedByCaller { grant.owner = .caller(try await context.requirePeer("owner_self")) }
            return try await lease(grant, request, context, try change(request, context, body: body))
        }
        book.add(
            .get, "/v1/leases", query: ["session", "pool", "state", "port", "limit", "cursor"], isHeavy: true,
            to: router
        ) { request, context, query in
            try await list(request, context, query)
        }
        book.add(.get, "/v1/leases/{id}", to: router) { _, context, _ in
            try Reply.json(
                resource(try await manager.lease(try leaseID(context), for: try context.requireCaller())))
        }
        book.add(.delete, "/v1/leases/{id}", to: router) { request, context, _ in
            try await manager.release(
                try leaseID(context), reason: "released by its client", try change(request, context))
            return Reply.noContent
        }
        book.add(.post, "/v1/leases/{id}/renew", to: router) { request, context, _ in
            try await renew(request, context)
        }
    }

    func addAgents(to router: Router<BerthRequestContext>) {
        book.add(.put, "/v1/leases/{id}/agents/{name}", to: router) { request, context, _ in
            let body = try request.decode(AttachRequest.self, from: try await request.berthBody())
            let process: RequestedProcess =
                if let pid = body.pid { .pid(pid) } else { .caller(try await context.requirePeer("self")) }
            let lease = try await manager.attach(
                try name("name", AgentName.self, context), process, port: body.port, to: try leaseID(context),
                try change(request, context))
            return try Reply.json(resource(lease))
        }
        book.add(.delete, "/v1/leases/{id}/agents/{name}", to: router) { request, context, _ in
            try await manager.detach(
                try name("name", AgentName.self, context), from: try leaseID(context), try change(request, context))
            return Reply.noContent
        }
    }

    /// Leases, or waits in line as the request prefers.
    private func lease(
        _ grant: GrantRequest, _ request: Request, _ context: BerthRequestContext, _ change: ChangeContext
    ) async throws -> Response {
        let wait = try Prefer(request.headers).wait
        while true {
            let first = try await manager.lease(grant, change, wait: wait)
            guard case .waiting(let ticket, let isReplay) = first else { return try reply(first, fields: [:]) }
            let answer = try await whileConnected(context) {
                try await manager.attend(
                    to: ticket, wait, change, isReplay: isReplay, isStopping: { Task.isShuttingDownGracefully })
            }
            if case .again = answer { continue }
            return try reply(answer, fields: isReplay ? [.idempotencyReplayed: "true"] : [:])
        }
    }

    private func reply(_ grant: GrantReply, fields: HTTPFields) throws -> Response {
        var fields = fields
        switch grant {
        case .created(let lease):
            return try created(lease, fields: fields)
        case .existing(let lease):
            return try Reply.json(resource(lease), fields: fields)
        case .replayed(let lease, let status):
            fields[.idempotencyReplayed] = "true"
            return status == 201
                ? try created(lease, fields: fields) : try Reply.json(resource(lease), fields: fields)
        case .ticket(let ticket, let isReplay), .waiting(let ticket, let isReplay):
            if isReplay { fields[.idempotencyReplayed] = "true" }
            fields[.location] = APIPath.ticket(ticket.id.number)
            fields[.preferenceApplied] = "respond-async"
            return try Reply.json(resource(ticket), status: .accepted, fields: fields)
        case .again:
            throw BerthError(.internal, "A request that was to be submitted anew was answered.")
        }
    }

    private func created(_ lease: Lease, fields: HTTPFields) throws -> Response {
        var fields = fields
        fields[.location] = APIPath.lease(lease.id.number)
        return try Reply.json(resource(lease), status: .created, fields: fields)
    }

    private func renew(_ request: Request, _ context: BerthRequestContext) async throws -> Response {
        let body = try await request.berthBody()
        let ttl = body.isEmpty ? nil : try request.decode(RenewRequest.self, from: body).ttlSeconds
        let answer = try await manager.renew(
            try leaseID(context), ttlSeconds: ttl, try change(request, context, body: body))
        return try Reply.json(resource(answer.lease), fields: answer.isReplay ? [.idempotencyReplayed: "true"] : [:])
    }

    private func list(
        _ request: Request, _ context: BerthRequestContext, _ query: Query
    ) async throws -> Response {
        var filter = LeaseFilter()
        filter.session = try query.name("session", SessionName.self)
        filter.pool = try query.name("pool", PoolName.self)
        filter.port = try query.port("port")
        filter.state = try query.choice("state", LeaseFilter.State.self) ?? .active
        filter.after = LeaseID(try query.cursor())
        let limit = try query.limit()
        filter.limit = limit + 1
        let found = try await manager.leases(filter, for: try context.requireCaller())
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor.text($0.id.number) } : nil
        return try Reply.json(
            LeasePage(leases: page.map(resource), nextCursor: next),
            fields: next.map { [.link: query.link(to: APIPath.leases, cursor: $0)] } ?? [:])
    }
}
