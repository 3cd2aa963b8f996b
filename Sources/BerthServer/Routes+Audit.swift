import BerthAPI
import BerthCore
import BerthLeasing
import BerthStore
import HTTPTypes
import Hummingbird
import NIOCore

/// Query parameters that choose records, on a list and on a stream.
private let filterNames: Set<String> = ["port", "session", "lease", "pool", "event", "principal"]

extension Routes {
    func addAudit(to router: Router<BerthRequestContext>) {
        book.add(
            .get, "/v1/audit", query: filterNames.union(["since", "until", "after", "order", "limit", "cursor"]),
            isHeavy: true, to: router
        ) { request, context, query in
            try await listAudit(request, context, query)
        }
        book.add(.get, "/v1/audit/head", to: router) { _, context, _ in
            try requireAdministrator(context, "read the audit's head")
            let head = try await manager.auditHead()
            return try Reply.json(AuditHead(head))
        }
        book.add(.get, "/v1/audit/verify", query: ["scope"], isHeavy: true, to: router) { _, context, query in
            try requireAdministrator(context, "verify the audit")
            let scope = try query.choice("scope", AuditVerdict.Scope.self) ?? .whole
            let finding = try await manager.verifyAudit(onlyNew: scope == .new)
            return try Reply.json(AuditVerdict(finding))
        }
        book.add(.post, APIPath.auditPrune, isHeavy: true, to: router) { request, context, _ in
            try requireAdministrator(context, "prune the audit")
            let wish = try request.decode(PruneRequest.self, from: try await request.berthBody())
            let pruning = try await manager.pruneAudit(before: wish.before, try change(request, context))
            return try Reply.json(
                PruneReport(pruned: pruning.count, cut: pruning.cut.map(AuditHead.init), archive: pruning.archive))
        }
        book.add(.post, "/v1/backups", isHeavy: true, to: router) { request, context, _ in
            try requireAdministrator(context, "make a backup")
            let wish = try request.decode(BackupRequest.self, from: try await request.berthBody())
            let backup = try await manager.backUp(to: wish.path)
            return try Reply.json(
                BackupReport(
                    path: backup.path, bytes: backup.bytes, seq: backup.head.seq, hash: backup.head.hash.hexadecimal,
                    createdAt: backup.at.description))
        }
        book.add(.get, "/v1/events", query: filterNames, to: router) { request, context, query in
            var filter = try auditFilter(query)
            let caller = try context.requireCaller()
            filter.after = try lastEventID(request) ?? manager.auditTail.seq
            try await checkNotPruned(behind: filter.after)
            return EventStream(manager: manager, caller: caller, token: context.token, channel: context.channel)
                .response(filter)
        }
    }

    func requireAdministrator(_ context: BerthRequestContext, _ wish: String) throws {
        guard try context.requireCaller().isAdministrator else {
            throw BerthError(.forbidden, "Only an administrator may \(wish).")
        }
    }

    private func auditFilter(_ query: Query) throws -> AuditFilter {
        var filter = AuditFilter()
        filter.port = try query.port("port")
        filter.session = try query.name("session", SessionName.self)
        filter.lease = try query.number("lease", atLeast: 1).map(LeaseID.init)
        filter.pool = try query.name("pool", PoolName.self)
        filter.event = try query.choice("event", AuditEvent.self)
        filter.principal = try query.principal("principal")
        return filter
    }

    private func listAudit(
        _ request: Request, _ context: BerthRequestContext, _ query: Query
    ) async throws -> Response {
        var filter = try auditFilter(query)
        filter.since = try query.instant("since")
        filter.until = try query.instant("until")
        filter.after = try query.number("after", atLeast: 0) ?? 0
        filter.order = try query.choice("order", AuditFilter.Order.self) ?? .asc
        let cursor = try query.cursor()
        if cursor > 0 { filter.cursor = cursor }
        let caller = try context.requireCaller()
        let limit = try query.limit()
        if let format = AuditStream.Format(accept: request.headers[.accept]) {
            return AuditStream(manager: manager, caller: caller, format: format)
                .response(filter, limit: query.contains("limit") ? limit : nil)
        }
        filter.limit = limit + 1
        let found = try await manager.audit(filter, for: caller)
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { Cursor.text($0.seq) } : nil
        let events = page.map(\.json).joined(separator: ",")
        let body = "{\"events\":[\(events)],\"next_cursor\":\(next.map { "\"\($0)\"" } ?? "null")}"
        return Reply.text(
            body, type: "application/json",
            fields: next.map { [.link: query.link(to: APIPath.audit, cursor: $0)] } ?? [:])
    }

    /// A follower learns of records that it can get no more. From the beginning is from where the audit begins.
    private func checkNotPruned(behind seq: Int64) async throws {
        let oldest = seq > 0 ? try await manager.oldestRecord() : 0
        guard oldest - 1 > seq, manager.auditTail.seq > seq else { return }
        throw BerthError(
            .historyPruned,
            "Records behind \(seq) were pruned; the oldest that is there is \(oldest). Follow from there on with"
                + " Last-Event-ID: \(oldest - 1), and look into the archive for what was before.")
    }

    private func lastEventID(_ request: Request) throws -> Int64? {
        guard let text = request.headers[.lastEventID], !text.isEmpty else { return nil }
        guard let seq = Int64(text), seq >= 0 else {
            throw BerthError.invalid("Last-Event-ID", "must be the id of an event: a whole number, 0 for the beginning")
        }
        return seq
    }
}

extension AuditVerdict {
    init(_ finding: AuditFinding) {
        self.init(
            valid: finding.problem == nil, checked: finding.checked, firstBadSeq: finding.firstBad,
            problem: finding.problem,
            head: finding.head.map(AuditHead.init))
    }
}

extension AuditHead {
    init(_ head: AuditChain) { self.init(seq: head.seq, at: head.at.description, hash: head.hash.hexadecimal) }
}
