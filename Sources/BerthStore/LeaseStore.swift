package import BerthCore
import FoundationEssentials
import GRDB

/// The durable record of leases: every verb is one change in a transaction, and returns once it is on the disk.
///
/// The store decides by its rows alone. Whoever calls it may be wrong about what is free: a proposal that does not fit
/// the rows changes nothing and is told so.
package struct LeaseStore: Sendable {
    package let file: DatabaseFile
    package let queue: CommitQueue
    package let boots: BootRegistry
    /// Tells when a process started, for the evidence of its end.
    let processes: any ProcessTable
    package let pools: [PoolName: Pool]
    package let limits: Limits
    /// What walks along the audit, and what cuts it.
    let auditWork = OneAtATime()

    package init(
        file: DatabaseFile, queue: CommitQueue, boots: BootRegistry, processes: any ProcessTable,
        pools: [PoolName: Pool], limits: Limits
    ) {
        self.file = file
        self.queue = queue
        self.boots = boots
        self.processes = processes
        self.pools = pools
        self.limits = limits
    }

    /// - Throws: `storage-unavailable` when nothing can be written.
    package func checkWritable() async throws(BerthError) { try await queue.checkWritable() }

    var leaseRow: LeaseRow { LeaseRow(boots: boots) }

    /// Reads a row or a few on the caller's own thread: handing so little over to another one, and its answer back, takes
    /// longer than reading it.
    func look<Value>(_ body: (Database) throws -> Value) throws(BerthError) -> Value {
        do {
            return try file.lookers.read(body)
        } catch {
            throw StorageFailure.describe(error)
        }
    }

    /// Runs reading statements beside the writer, on rows as the last commit left them.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws(BerthError) -> Value
    {
        do {
            return try await file.readers.read(body)
        } catch {
            throw StorageFailure.describe(error)
        }
    }
}

/// Who asks for a change, under which request, and what to answer to a repeat.
package struct ChangeContext: Hashable, Sendable {
    package let caller: Caller
    package let requestID: String?
    package let idempotency: IdempotencyKey?

    package init(caller: Caller, requestID: String? = nil, idempotency: IdempotencyKey? = nil) {
        self.caller = caller
        self.requestID = requestID
        self.idempotency = idempotency
    }

    /// An audit entry with this context's principal and request.
    func entry(_ event: AuditEvent, reason: String? = nil) -> AuditEntry {
        AuditEntry(event, principal: caller.principal, reason: reason, requestID: requestID)
    }
}

/// A lease that ended in a transaction, and what became of its ports.
package struct EndedLease: Hashable, Sendable {
    package let lease: LeaseID
    package let pool: PoolName
    package let block: PortBlock
    package let end: LeaseEnd
    /// How long it was held, by the wall clock.
    package let heldMilliseconds: Int64

    package init(lease: LeaseID, pool: PoolName, block: PortBlock, end: LeaseEnd, heldMilliseconds: Int64 = 0) {
        self.lease = lease
        self.pool = pool
        self.block = block
        self.end = end
        self.heldMilliseconds = heldMilliseconds
    }

    /// Whether the ports rest in quarantine; else they are free.
    package var isQuarantined: Bool { end.isAbnormal }
}

extension AuditEntry {
    /// An entry about this lease.
    func about(lease: LeaseID, session: SessionName, pool: PoolName, block: PortBlock) -> AuditEntry {
        var entry = self
        entry.lease = lease
        entry.session = session
        entry.pool = pool
        entry.block = block
        return entry
    }

    func about(_ lease: Lease) -> AuditEntry {
        var entry = about(lease: lease.id, session: lease.session, pool: lease.pool, block: lease.block)
        entry.holder = lease.principal
        return entry
    }
}
