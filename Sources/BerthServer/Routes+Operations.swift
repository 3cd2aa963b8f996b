import BerthAPI
import BerthCore
import BerthLeasing
import CoreMetrics
import FoundationEssentials
import HTTPTypes
import Hummingbird

/// One thing that must hold before the daemon takes work.
struct ReadinessCheck: Codable, Sendable {
    let name: String
    let ok: Bool
    let detail: String
}

/// The answer of `/readyz`; the checks only with `?verbose`.
private struct Readiness: Codable {
    let status: String
    let checks: [ReadinessCheck]?
}

extension Routes {
    func addOperations(
        to router: Router<BerthRequestContext>, readiness: @escaping @Sendable () async -> [ReadinessCheck],
        metrics: PrometheusRegistry
    ) {
        book.add(.get, "/livez", to: router) { _, _, _ in try Reply.json(Readiness(status: "live", checks: nil)) }
        book.add(.get, "/readyz", query: ["verbose"], to: router) { _, _, query in
            let checks = await readiness()
            guard checks.allSatisfy(\.ok) else {
                let broken = checks.filter { !$0.ok }.map { "\($0.name): \($0.detail)" }.joined(separator: "; ")
                throw BerthError(.storageUnavailable, "Not ready. \(broken)")
            }
            return try Reply.json(
                Readiness(status: "ready", checks: query.contains("verbose") ? checks : nil))
        }
        book.add(.get, "/metrics", to: router) { _, _, _ in
            for report in try await manager.poolReports() {
                for (state, count) in [
                    ("free", report.figures.free), ("leased", report.figures.leased),
                    ("quarantined", report.figures.quarantined), ("foreign", report.figures.foreign),
                ] {
                    Gauge(
                        label: "berth_ports", dimensions: [("pool", report.pool.name.rawValue), ("state", state)]
                    ).record(count)
                }
                Gauge(label: "berth_waiting", dimensions: [("pool", report.pool.name.rawValue)]).record(report.waiting)
            }
            return Reply.text(metrics.text(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    /// The benchmark's yardstick: what a lease costs without its leasing.
    func addEcho(to router: Router<BerthRequestContext>) {
        book.add(.post, "/v1/echo", to: router) { request, context, _ in
            let wish = try request.decode(LeaseRequest.self, from: try await request.berthBody()).grant
            guard let first = Port(20_000), let block = PortBlock(first: first, count: wish.count) else {
                throw BerthError.invalid("count", "does not fit above port 20000")
            }
            let now = manager.now()
            let expiry = TTLRules.expiry(ttlMilliseconds: 3_600_000, from: now)
            let lease = Lease(
                id: LeaseID(1), session: wish.session, name: wish.name, pool: wish.pool, block: block,
                principal: try context.requireCaller().principal, owner: nil, agents: [], labels: wish.labels,
                isPinned: false, ttlMilliseconds: 3_600_000, createdAt: now.wall, renewedAt: now.wall,
                state: .active(expiry))
            return try Reply.json(resource(lease), status: .created, fields: [.location: "/v1/leases/1"])
        }
    }
}
