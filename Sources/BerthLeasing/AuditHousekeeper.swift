package import BerthCore
import BerthStore
package import Logging
import ServiceLifecycle

/// Carries on a pruning that was interrupted, and prunes what is older than the audit is to reach back.
package final class AuditHousekeeper: Service {
    /// How often it looks.
    private static let period = Duration.seconds(3600)
    private static let day: Int64 = 86_400_000

    private let manager: LeaseManager
    private let retainDays: Int?
    private let logger: Logger

    /// - Parameter retainDays: how many days the audit reaches back at least; nil keeps all of it.
    package init(manager: LeaseManager, retainDays: Int?, logger: Logger) {
        self.manager = manager
        self.retainDays = retainDays
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.tidy()
                } catch {
                    self.logger.error(
                        "the audit could not be pruned; it is tried again in an hour", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: Self.period) } catch { return }
            }
        }
    }

    /// Prunes once a day's worth of records is too old: a pruning a day, with an archive of its own.
    package func tidy() async throws(BerthError) {
        let rest = try await manager.store.finishPruning()
        if rest > 0 { logger.notice("carried on a pruning of the audit", metadata: ["records": "\(rest)"]) }
        guard let retainDays, let oldest = try await manager.store.oldestRecord() else { return }
        let limit = manager.clock.now().wall.advanced(byMilliseconds: -Int64(retainDays) * Self.day)
        guard oldest.at < limit.advanced(byMilliseconds: -Self.day) else { return }
        _ = try await manager.pruneAudit(before: limit, .daemon)
    }
}
