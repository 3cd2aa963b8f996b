import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird
import ServiceLifecycle

extension Routes {
    func addTickets(to router: Router<BerthRequestContext>) {
        book.add(
            .get, "/v1/tickets", query: ["session", "pool", "limit", "cursor"], isHeavy: true, to: router
        ) { _, context, query in
            let limit = try query.limit()
            let found = try await manager.tickets(
                session: try query.name("session", SessionName.self), pool: try query.name("pool", PoolName.self),
                after: TicketID(try query.cursor()), limit: limit + 1, for: try context.requireCaller())
            let page = found.prefix(limit)
            let next = found.count > limit ? page.last.map { Cursor.text($0.id.number) } : nil
            return try Reply.json(
                TicketPage(tickets: page.map(resource), nextCursor: next),
                fields: next.map { [.link: query.link(to: APIPath.tickets, cursor: $0)] } ?? [:])
        }
        book.add(.get, "/v1/tickets/{id}", query: ["wait"], to: router) { _, context, query in
            let wait = try query.number("wait", atLeast: 0)
            guard wait ?? 0 <= WaitPreference.maxSeconds else {
                throw BerthError.invalid(
                    "wait", "must be a whole number of seconds from 0 to \(WaitPreference.maxSeconds)")
            }
            let (id, caller) = (try ticketID(context), try context.requireCaller())
            guard let wait, wait > 0, try await manager.ticket(id, waitSeconds: nil, for: caller).state == .waiting
            else { return try Reply.json(resource(try await manager.ticket(id, waitSeconds: nil, for: caller))) }
            let ticket = try await whileConnected(context) {
                try await manager.ticket(id, waitSeconds: wait, for: caller)
            }
            return try Reply.json(resource(ticket))
        }
        book.add(.delete, "/v1/tickets/{id}", to: router) { request, context, _ in
            try await manager.leaveLine(try ticketID(context), try change(request, context))
            return Reply.noContent
        }
    }

    /// The ticket as its reader sees it.
    func resource(_ ticket: Ticket) -> TicketResource {
        guard let prospect = manager.prospect(of: ticket) else { return TicketResource(ticket) }
        return TicketResource(
            ticket, position: prospect.position,
            estimateSeconds: prospect.estimate.map { rounded($0.seconds) },
            estimateRange: prospect.estimate.map {
                TicketResource.EstimateRange(atLeast: rounded($0.atLeast), atMost: rounded($0.atMost))
            })
    }

    /// A guess has no more digits than this.
    private func rounded(_ seconds: Double) -> Double { (seconds * 10).rounded() / 10 }

    private func ticketID(_ context: BerthRequestContext) throws -> TicketID {
        let text = try segment("id", context)
        guard let number = Int64(text), number > 0, String(number) == text else {
            throw BerthError(.notFound, "There is no ticket of that id.")
        }
        return TicketID(number)
    }

    /// Runs `body` in a task that is cancelled when the client hangs up or the daemon stops.
    func whileConnected<Value: Sendable>(
        _ context: BerthRequestContext, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // It goes on to its end when it is cancelled: what it has begun with the rows is done.
        let task = Task { try await body() }
        HangUp.follow(context.channel) { task.cancel() }
        defer { HangUp.forget(context.channel) }
        return try await withTaskCancellationOrGracefulShutdownHandler {
            try await task.value
        } onCancelOrGracefulShutdown: {
            task.cancel()
        }
    }
}
