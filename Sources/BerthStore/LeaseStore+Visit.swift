package import BerthCore
import GRDB

/// A visit: a command that finds no daemon opens the database itself, for one transaction.
extension LeaseStore {
    /// Checks the live rows and opens the store, without what only a daemon does: a visit is no start in the audit, and
    /// neither moves nor expires a deadline. Leases of processes of an earlier boot are orphaned.
    ///
    /// The pools are those that the database has, since a daemon may have been started with others than the
    /// configuration says; those of `setup` count when it has none.
    /// - Throws: ``ErrorCode/configuration`` when the rows break a rule; the file is left as it is.
    package static func visit(_ file: DatabaseFile, _ setup: Setup) async throws(BerthError) -> LeaseStore {
        do {
            let (boots, chain, stored) = try await file.writer.write { db in
                try LiveStateCheck(db: db).run()
                return (
                    try BootRegistry(db, current: setup.clock.now().bootID), try AuditChain.head(db),
                    try StoredPools.read(db)
                )
            }
            let queue = try CommitQueue(
                writer: file.writer, chain: chain, clock: setup.clock, observer: setup.observer,
                reserve: setup.reserve, unknownOutcome: setup.unknownOutcome)
            let pools = stored.isEmpty ? setup.pools : stored
            let store = LeaseStore(
                file: file, queue: queue, boots: boots, processes: setup.processes,
                pools: Dictionary(uniqueKeysWithValues: pools.map { ($0.name, $0) }), limits: setup.limits)
            let context = ChangeContext(caller: .daemon)
            try await queue.submit(as: .givesBack) { transaction in
                let restoration = try Restoration(store, transaction, context)
                if let base = try transaction.layBase(boots) {
                    var entry = context.entry(.daemonStarted, reason: "a command opened the database of an older Berth")
                    entry.details.cut = base.details(archive: nil)
                    try transaction.audit(entry)
                }
                if stored.isEmpty {
                    try PoolReconciliation(store: store, transaction: transaction, context: context).run()
                }
                try store.recordReboot(transaction, context)
                try restoration?.run()
                try store.reconcileRests(transaction, context)
            }
            return store
        } catch {
            throw StorageFailure.describe(error)
        }
    }

    /// Closes the database after a visit, which leaves no record of its own.
    package func closeVisit() throws {
        queue.close()
        try file.close()
    }
}
