import BerthAPI
import BerthCore
import BerthLeasing
import HTTPTypes
import Hummingbird

extension Routes {
    func addReaping(to router: Router<BerthRequestContext>) {
        book.add(.post, "/v1/reap", isHeavy: true, to: router) { request, context, _ in
            guard try context.requireCaller().isAdministrator else {
                throw BerthError(.forbidden, "Only an administrator may start a sweep.")
            }
            let body = try await request.berthBody()
            let isDryRun = body.isEmpty ? false : try request.decode(ReapRequest.self, from: body).dryRun
            let decisions = try await manager.reap(dryRun: isDryRun)
            return try Reply.json(ReapReport(dryRun: isDryRun, decisions: decisions.map(ReapDecision.init)))
        }
    }
}

extension ReapDecision {
    init(_ decision: SweepDecision) {
        self.init(
            action: Action(decision.action), leaseID: decision.lease?.number, session: decision.session?.rawValue,
            pool: decision.pool?.rawValue, firstPort: decision.block.map { Int($0.first.number) },
            count: decision.block?.count, agent: decision.agent?.rawValue, pid: decision.pid,
            evidence: decision.evidence)
    }
}

extension ReapDecision.Action {
    init(_ action: SweepDecision.Action) {
        self =
            switch action {
            case .exit: .exit
            case .orphan: .orphan
            case .expire: .expire
            case .recover: .recover
            case .foreign: .foreign
            case .keep: .keep
            }
    }
}
