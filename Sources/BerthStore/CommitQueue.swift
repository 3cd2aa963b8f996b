package import BerthCore
package import GRDB
import Synchronization

/// The one way to write: changes queue up, and whatever waits goes into one transaction with one fsync.
///
/// Each change runs in a savepoint of its own, so a change that fails takes nothing of its neighbours with it. A
/// reply leaves after the COMMIT that makes it durable. An idle queue never waits for company: the first change starts
/// a transaction at once, and those that arrive during its fsync form the next one.
///
/// *Background.* What nobody waits for gets a transaction of its own, one change at a time, after at most one batch of
/// what somebody waits for: reaping 50,000 leases delays a grant by one small transaction, and is never starved.
///
/// *Guarantees.* Changes apply in the order of submission, those in the background in an order of their own. A caller that is cancelled meanwhile changes nothing about
/// its change: it is applied whole or not at all.
///
/// *Failures.* What is known before the commit (a full or read-only disk) fails the change with `storage-unavailable`
/// and nothing is changed. On a full disk, changes that give something back use the ``DiskReserve``. When the commit
/// itself fails, nobody knows what is on the disk, and asking again could lie (Linux marks a page clean after a failed
/// fsync: https://lwn.net/Articles/752063/). Then no caller is answered and `unknownOutcome` is called, which ends the
/// process. A checkpoint whose sync failed ends it too, and so does a database that was removed or replaced underneath.
package final class CommitQueue: Sendable {
    /// Changes that wait, and whether somebody works on them already.
    private struct Line {
        var waiting: [PendingChange] = []
        var background: [PendingChange] = []
        /// Whether the last batch kept the background waiting.
        var owesBackground = false
        var isDraining = false
        var isClosed = false
    }

    /// The largest batch: it bounds how long the first of it waits for the last.
    package static let maxBatch = 256

    private let writer: DatabaseQueue
    private let clock: any HostClock
    private let observer: any CommitObserver
    private let unknownOutcome: @Sendable (any Error) -> Void
    private let line = Mutex(Line())
    private let head: Mutex<AuditChain>
    private let checkpointer: WALCheckpointer
    private let place: DatabasePlace
    /// Whether the disk refused the last change that wrote something.
    private let isRefused = Atomic(false)
    private let reserve: DiskReserve?
    private let follower = Follower<LeaseChange>()
    /// Tells who reads the audit as it grows.
    package let tail: AuditTail

    /// - Parameters:
    ///   - chain: the head of the audit as it stands in the file.
    ///   - reserve: room for changes that give something back; nil to keep none.
    ///   - unknownOutcome: called on the writing queue when a commit, or a checkpoint's sync, failed; it should not
    ///     return.
    package init(
        writer: DatabaseQueue, chain: AuditChain, clock: any HostClock, observer: any CommitObserver,
        reserve: DiskReserve? = nil, unknownOutcome: @escaping @Sendable (any Error) -> Void
    ) throws {
        self.writer = writer
        self.clock = clock
        self.observer = observer
        self.reserve = reserve
        self.unknownOutcome = unknownOutcome
        head = Mutex(chain)
        tail = AuditTail(seq: chain.seq)
        checkpointer = WALCheckpointer()
        place = DatabasePlace(ofOpenDatabase: writer.path)
        writer.writeWithoutTransaction { db in checkpointer.watch(db) }
    }

    /// Applies `body` in a transaction and returns once it is durable. On a full disk it may run more than once, each
    /// time on rows without a trace of the last.
    /// - Throws: what `body` throws; ``ErrorCode/storageUnavailable`` when nothing could be changed.
    package func submit<Value: Sendable>(
        as traits: ChangeTraits = [], _ body: @escaping @Sendable (WriteTransaction) throws -> Value
    ) async throws(BerthError) -> Value {
        let result: Result<Value, BerthError> = await withCheckedContinuation { continuation in
            enqueue([PendingChange(traits, body) { continuation.resume(returning: $0) }])
        }
        return try result.get()
    }

    /// Applies several changes in their order, with nobody else's between them, and returns once each is durable or
    /// refused.
    /// - Returns: what became of each.
    package func submit<Value: Sendable>(
        inOrder bodies: [@Sendable (WriteTransaction) throws -> Value]
    ) async -> [Result<Value, BerthError>] {
        guard !bodies.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let answers = AnswerCollector(count: bodies.count, continuation)
            enqueue(
                bodies.enumerated().map { index, body in PendingChange([], body) { answers.set($0, at: index) } })
        }
    }

    /// Calls `body` with each change of a lease once it is durable: in the order of the commits, before any caller is
    /// answered and before the next transaction begins. It runs on the writing queue and must be quick.
    package func follow(_ body: @escaping @Sendable (LeaseChange) -> Void) { follower.follow(body) }

    /// Takes no more changes, and returns when the ones that were taken are durable.
    package func close() {
        line.withLock { $0.isClosed = true }
        while line.withLock({ $0.isDraining }) { writer.writeWithoutTransaction { _ in } }
    }

    /// Checkpoints now, however short the log is, between two transactions.
    package func checkpoint() { writer.writeWithoutTransaction { db in checkpoint(db) } }

    /// Begins a transaction and ends it without a change. After a refused write with one that changes nothing for anybody,
    /// since a disk that refuses writes may let everything else happen.
    /// - Throws: ``ErrorCode/storageUnavailable`` when nothing can be written.
    package func checkWritable() async throws(BerthError) {
        let isRefused = isRefused.load(ordering: .relaxed)
        try await submit { transaction in
            guard isRefused else { return }
            // Writes the first page, whatever stands in it.
            let version = try Int.fetchOne(transaction.db, sql: "PRAGMA user_version") ?? 0
            try transaction.db.execute(sql: "PRAGMA user_version = \(version)")
        }
        if isRefused { self.isRefused.store(false, ordering: .relaxed) }
    }

    /// Looks whether the database still lies at its place, and ends the process as a failed commit does when not.
    package func checkPlace() { if let loss = loss() { unknownOutcome(loss) } }

    /// What is not at its place any more; nil while all is.
    private func loss() -> MissingFile? {
        guard let path = place.missing else { return nil }
        place.setLogAside()
        return MissingFile(path: path)
    }

    /// The same, without waiting for it.
    func checkpointSoon() { writer.asyncWriteWithoutTransaction { db in self.checkpoint(db) } }

    /// A failed sync ends the process here as it does in a commit.
    private func checkpoint(_ db: Database) {
        do { try checkpointer.checkpoint(db) } catch { unknownOutcome(error) }
    }

    /// - Parameter changes: all in the background, or none.
    private func enqueue(_ changes: [PendingChange]) {
        enum Next { case drain, wait, refuse }
        let next: Next = line.withLock { line in
            if line.isClosed { return .refuse }
            if changes.allSatisfy({ $0.traits.contains(.background) }) {
                line.background += changes
            } else {
                line.waiting += changes
            }
            if line.isDraining { return .wait }
            line.isDraining = true
            return .drain
        }
        switch next {
        case .wait: break
        case .drain: writer.asyncWriteWithoutTransaction { db in self.drain(db) }
        case .refuse:
            let refusal = BerthError(.storageUnavailable, "Berth is stopping. Ask again in a moment.")
            for change in changes { change.refuse(refusal) }
        }
    }

    /// Commits batch after batch until nothing waits.
    private func drain(_ db: Database) {
        while let batch = nextBatch() {
            head.withLock { chain in chain = commit(batch, after: chain, db) }
            if checkpointer.isDue { checkpoint(db) }
        }
    }

    private func nextBatch() -> [PendingChange]? {
        line.withLock { line in
            if !line.background.isEmpty, line.owesBackground || line.waiting.isEmpty {
                line.owesBackground = false
                return [line.background.removeFirst()]
            }
            guard !line.waiting.isEmpty else {
                line.isDraining = false
                return nil
            }
            line.owesBackground = !line.background.isEmpty
            let batch = Array(line.waiting.prefix(Self.maxBatch))
            line.waiting.removeFirst(batch.count)
            return batch
        }
    }

    /// Commits a batch and answers everybody in it. Returns the chain as it is on the disk afterwards.
    private func commit(_ batch: [PendingChange], after chain: AuditChain, _ db: Database) -> AuditChain {
        var batch = batch
        if place.isReadOnly {
            // Known before, where a failing write would leave the outcome open.
            for change in batch { change.refuse(StorageFailure.cannotBeWritten(nil)) }
            return chain
        }
        if let reserve, !reserve.fill() { batch = refuseGrowth(batch, StorageFailure.diskIsFull(nil)) }
        while !batch.isEmpty {
            let failure: any Error
            switch attempt(batch, after: chain, db) {
            case .committed(let chain): return chain
            case .failed(let error): failure = error
            case .unknown: return chain
            }
            let refusal = StorageFailure.describe(failure)
            isRefused.store(refusal.code == .storageUnavailable, ordering: .relaxed)
            guard StorageFailure.isFullDisk(failure), let reserve, reserve.giveWay() else {
                for change in batch { change.refuse(refusal) }
                return chain
            }
            batch = refuseGrowth(batch, refusal)
            // With the room the log may begin anew instead of growing.
            if !batch.isEmpty { checkpoint(db) }
        }
        return chain
    }

    /// Refuses what does not give anything back, and returns the rest.
    private func refuseGrowth(_ batch: [PendingChange], _ refusal: BerthError) -> [PendingChange] {
        for change in batch where !change.traits.contains(.givesBack) { change.refuse(refusal) }
        return batch.filter { $0.traits.contains(.givesBack) }
    }

    private enum Attempt {
        case committed(AuditChain)
        /// Nothing was changed, and nobody was answered.
        case failed(any Error)
        /// Everybody was told so.
        case unknown
    }

    /// Runs one transaction.
    private func attempt(_ batch: [PendingChange], after chain: AuditChain, _ db: Database) -> Attempt {
        let start = ContinuousClock.now
        let changesBefore = db.totalChangesCount
        var run = BatchRun(chain: chain)
        do {
            try db.beginTransaction(.immediate)
            for change in batch { try run.apply(change, in: db, now: clock.now()) }
        } catch {
            let error = StorageFailure.named(error, db)
            rollBack(db)
            return .failed(error)
        }
        do {
            try db.commit()
        } catch {
            let error = StorageFailure.named(error, db)
            guard StorageFailure.isKnownNotCommitted(error) else { return giveUp(batch, error, db) }
            rollBack(db)
            return .failed(error)
        }
        // The commit is durable where nobody will look for it.
        if let loss = loss() { return giveUp(batch, loss, db) }
        if db.totalChangesCount > changesBefore { isRefused.store(false, ordering: .relaxed) }
        observer.committed(changes: batch.count, duration: ContinuousClock.now - start)
        follower.tell(run.leaseChanges)
        for reply in run.replies { reply() }
        tail.advance(to: run.chain.seq)
        return .committed(run.chain)
    }

    /// Ends the process. What follows is for tests, whose process goes on: nobody is answered with success.
    private func giveUp(_ batch: [PendingChange], _ error: any Error, _ db: Database) -> Attempt {
        unknownOutcome(error)
        rollBack(db)
        for change in batch {
            change.refuse(BerthError(.internal, "The commit failed and its outcome is unknown.", cause: error))
        }
        return .unknown
    }

    private func rollBack(_ db: Database) {
        guard db.isInsideTransaction else { return }
        do { try db.rollback() } catch { unknownOutcome(error) }
    }
}
