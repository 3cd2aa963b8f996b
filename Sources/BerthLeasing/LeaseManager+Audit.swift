package import BerthCore
package import BerthStore
import Logging

/// The audit, each within what the caller may see.
extension LeaseManager {
    /// A page of records in the filter's order; without administrator's rights, of what the caller did and what is about
    /// leases and sessions of the caller's.
    package func audit(_ filter: AuditFilter, for caller: Caller) async throws(BerthError) -> [AuditRecord] {
        var filter = filter
        if !caller.isAdministrator { filter.viewer = caller.principal }
        return try await store.audit(filter)
    }

    /// The last record's number, instant and hash.
    package func auditHead() async throws(BerthError) -> AuditChain { try await store.auditHead() }

    /// Walks the audit, and compares the rows with what its records say.
    /// - Parameter onlyNew: only the chain, from where the last verification that found nothing ended.
    package func verifyAudit(onlyNew: Bool) async throws(BerthError) -> AuditFinding {
        let finding = try await onlyNew ? store.verifyNew() : store.verify()
        if let problem = finding.problem {
            logger.error("the audit is not whole", metadata: ["problem": "\(problem)"])
        }
        return finding
    }

    /// Makes a checked copy of the database.
    /// - Throws: `invalid-field`, `storage-unavailable`.
    package func backUp(to path: String) async throws(BerthError) -> Backup {
        let backup = try await store.backUp(to: path, now: clock.now().wall)
        logger.notice("backed up", metadata: ["path": "\(path)", "bytes": "\(backup.bytes)"])
        return backup
    }

    /// Lets records of before an instant go, into an archive beside the database.
    /// - Throws: `invalid-field` for an instant to come, `storage-unavailable`.
    package func pruneAudit(before instant: Instant, _ context: ChangeContext) async throws(BerthError) -> Pruning {
        let now = clock.now().wall
        guard instant <= now else {
            throw BerthError.invalid("before", "must not be later than now, which is \(now) on the daemon's host")
        }
        let pruning = try await store.prune(before: instant, context)
        if let cut = pruning.cut {
            logger.notice(
                "pruned the audit",
                metadata: [
                    "records": "\(pruning.count)", "up-to": "\(cut.seq)", "archive": "\(pruning.archive ?? "")",
                ])
        }
        return pruning
    }

    /// The number of the oldest record that was not pruned; 1 when none was.
    package func oldestRecord() async throws(BerthError) -> Int64 { try await store.oldestRecord()?.seq ?? 1 }

    /// How far the audit has come, for those who follow it.
    package var auditTail: AuditTail { store.queue.tail }

    /// The lease that held a port then, whoever may see it.
    /// - Throws: `history-pruned`.
    package func holder(of port: Port, at instant: Instant) async throws(BerthError) -> Lease? {
        try await store.holder(of: port, at: instant)
    }
}
