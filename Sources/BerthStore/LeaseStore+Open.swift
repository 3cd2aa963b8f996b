package import BerthCore
import FoundationEssentials
import GRDB

/// Opening the store: checking what lies there, and bringing it into the present boot and configuration.
extension LeaseStore {
    /// What a start needs to know.
    package struct Setup: Sendable {
        package var pools: [Pool]
        package var limits: Limits
        package var clock: any HostClock
        package var processes: any ProcessTable
        package var observer: any CommitObserver
        /// Room for changes that give something back; nil to keep none.
        package var reserve: DiskReserve?
        package var unknownOutcome: @Sendable (any Error) -> Void

        package init(
            pools: [Pool], limits: Limits = Limits(), clock: any HostClock, processes: any ProcessTable,
            observer: any CommitObserver,
            reserve: DiskReserve? = nil, unknownOutcome: @escaping @Sendable (any Error) -> Void
        ) {
            self.pools = pools
            self.limits = limits
            self.clock = clock
            self.processes = processes
            self.observer = observer
            self.reserve = reserve
            self.unknownOutcome = unknownOutcome
        }
    }

    /// Checks the live rows, then reconciles them with the clock and the pools in one transaction.
    ///
    /// The cost follows the live rows and the pools' size, not the history.
    /// - Throws: ``ErrorCode/configuration`` when the rows break a rule; the file is left as it is.
    package static func open(_ file: DatabaseFile, _ setup: Setup) async throws(BerthError) -> LeaseStore {
        do {
            let (boots, chain) = try await file.writer.write { db in
                try LiveStateCheck(db: db).run()
                return (try BootRegistry(db, current: setup.clock.now().bootID), try AuditChain.head(db))
            }
            let queue = try CommitQueue(
                writer: file.writer, chain: chain, clock: setup.clock, observer: setup.observer,
                reserve: setup.reserve, unknownOutcome: setup.unknownOutcome)
            let store = LeaseStore(
                file: file, queue: queue, boots: boots, processes: setup.processes,
                pools: Dictionary(uniqueKeysWithValues: setup.pools.map { ($0.name, $0) }), limits: setup.limits)
            let context = ChangeContext(caller: .daemon)
            try await queue.submit(as: .givesBack) { transaction in
                let restoration = try Restoration(store, transaction, context)
                var entry = context.entry(.daemonStarted, reason: "PID \(ProcessInfo.processInfo.processIdentifier)")
                entry.pid = ProcessInfo.processInfo.processIdentifier
                entry.details.cut = try transaction.layBase(boots)?.details(archive: nil)
                try transaction.audit(entry)
                try PoolReconciliation(store: store, transaction: transaction, context: context).run()
                try store.recordReboot(transaction, context)
                try restoration?.run()
                try store.reconcileDeadlines(transaction, context)
                try store.reconcileSleepers(transaction, context)
                try store.reconcileRests(transaction, context)
                try transaction.reconcileLine(store, context)
            }
            return store
        } catch {
            throw StorageFailure.describe(error)
        }
    }

    /// Records the orderly end, and closes the database, which is closed even when it can record nothing.
    /// - Throws: the first thing that went wrong.
    package func close() async throws {
        let context = ChangeContext(caller: .daemon)
        var failure: (any Error)?
        do {
            try await queue.submit(as: .givesBack) { transaction in
                try transaction.audit(context.entry(.daemonStopped, reason: "asked to stop"))
            }
        } catch {
            failure = error
        }
        queue.close()
        do { try file.close() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    /// Deadlines come from the clock of the boot in which they were set; see ``TTLRules``.
    private func reconcileDeadlines(_ transaction: WriteTransaction, _ context: ChangeContext) throws {
        let now = transaction.now
        let timed = try transaction.rows(
            """
            SELECT id, ttl_ms, deadline_boot, deadline_boot_ms, expires_at FROM leases
            WHERE deadline_boot_ms IS NOT NULL AND (deadline_boot <> ? OR deadline_boot_ms <= ?)
            """,
            [boots.current, now.boot.milliseconds])
        for row in timed {
            let expiry = TTLRules.atStart(
                deadline: BootTime(milliseconds: row["deadline_boot_ms"]),
                display: Instant(milliseconds: row["expires_at"]), bootID: try boots.boot(row["deadline_boot"]),
                ttlMilliseconds: row["ttl_ms"], now: now)
            try move(
                LeaseID(row["id"]), to: expiry,
                reason: "its deadline passed, or its boot ended, while no daemon served",
                transaction, context)
        }
    }

    /// A rest that was begun in an earlier boot starts anew.
    func reconcileRests(_ transaction: WriteTransaction, _ context: ChangeContext) throws {
        let rows = try transaction.rows(
            """
            UPDATE ports SET rest_boot = ?1,
                rest_boot_ms = ?2 + COALESCE((SELECT quarantine_ms FROM pools WHERE name = ports.pool), 0)
            WHERE state = 'quarantined' AND rest_boot <> ?1
            RETURNING port, pool
            """,
            [boots.current, transaction.now.boot.milliseconds])
        let ports = try Dictionary(grouping: rows) { try $0.checked("pool") as PoolName }
        for (pool, rows) in ports.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            for run in PortBlock.runs(of: try rows.map { try $0.port("port") }.sorted()) {
                var entry = context.entry(
                    .portQuarantined, reason: "the host was started anew, and the quarantine begins anew")
                entry.pool = pool
                entry.block = run
                entry.details.rest = AuditDetails.Rest(from: transaction.now)
                try transaction.audit(entry)
            }
        }
    }
}

extension WriteTransaction {
    /// The records of the first versions do not tell enough to build the rows from them: on a database of theirs, what
    /// the rows are now is where that begins.
    /// - Returns: nil on any other database.
    func layBase(_ boots: BootRegistry) throws -> AuditCut? {
        let first = try row("SELECT details FROM audit WHERE event = 'pool.changed' ORDER BY seq LIMIT 1")
        guard let first, first["details"] == nil as String?, try AuditCut.last(db) == nil else { return nil }
        let base = AuditCut(
            seq: chain.seq, at: chain.at.milliseconds, hash: chain.hash, state: try LedgerState(db, boots).text())
        try base.insert(self)
        return base
    }
}

extension Caller {
    /// The daemon itself.
    package static let daemon = Caller(principal: .daemon, isAdministrator: true, mayNameProcesses: true)
}

extension AuditChain {
    /// The chain's head as it stands in the file.
    static func head(_ db: Database) throws -> AuditChain {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT seq, at, hash FROM audit ORDER BY seq DESC LIMIT 1"))
        else {
            return AuditChain()
        }
        return AuditChain(seq: row["seq"], at: Instant(milliseconds: row["at"]), hash: row["hash"])
    }
}
