import BerthAPI
import BerthCore
import BerthLeasing
import HTTPTypes
import Hummingbird

extension Routes {
    func addPools(to router: Router<BerthRequestContext>) {
        book.add(.get, "/v1/pools", query: ["limit", "cursor"], to: router) { _, _, query in
            // All pools fit on one page; the parameters are checked for form alone.
            _ = (try query.limit(), try query.cursor())
            return try Reply.json(PoolPage(pools: try await manager.poolReports().map(resource)))
        }
        book.add(.get, "/v1/pools/{pool}", to: router) { _, context, _ in
            let name = try name("pool", PoolName.self, context)
            guard let report = try await manager.poolReports().first(where: { $0.pool.name == name }) else {
                throw BerthError(.notFound, "There is no pool \(name).")
            }
            return try Reply.json(resource(report))
        }
    }

    func addPorts(to router: Router<BerthRequestContext>) {
        book.add(.get, "/v1/ports/{port}", query: ["at"], to: router) { _, context, query in
            guard let number = UInt16(try segment("port", context)), let port = Port(number) else {
                throw BerthError(.notFound, "There is no such port: they go from 1 to 65535.")
            }
            let caller = try context.requireCaller()
            if let instant = try query.instant("at") { return try await history(of: port, at: instant, for: caller) }
            let report = try await manager.report(port, for: caller)
            return try Reply.json(
                PortResource(
                    port: Int(port.number), pool: report.pool?.rawValue, state: report.state.rawValue,
                    lease: report.lease.map(resource), listeners: report.listeners.map(ListenerResource.init),
                    since: report.since?.description, reason: report.reason,
                    restsUntil: report.restsUntil?.description, lastLease: report.lastLease.map(resource)))
        }
    }

    private func history(of port: Port, at instant: Instant, for caller: Caller) async throws -> Response {
        let holder = try await manager.holder(of: port, at: instant)
        let visible = holder.flatMap { caller.maySee($0.principal) ? $0 : nil }
        return try Reply.json(
            PortHistoryResource(
                port: Int(port.number), at: instant.description, leased: holder != nil, lease: visible.map(resource)))
    }

    private func resource(_ report: PoolReport) -> PoolResource {
        PoolResource(
            report.pool, report.figures, largestFreeBlock: report.largestFreeBlock, waiting: report.waiting)
    }
}
