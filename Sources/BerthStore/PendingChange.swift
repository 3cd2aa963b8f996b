import BerthCore
import GRDB
import Synchronization

/// Thrown in a change to take back what it wrote and still answer with a value.
struct Undo<Answer: Sendable>: Error {
    let answer: Answer
}

/// What the queue may do with a change.
package struct ChangeTraits: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// It leaves more free than it found, and may use the ``DiskReserve``.
    package static let givesBack = ChangeTraits(rawValue: 1)
    /// Nobody waits for it, so that it never shares a transaction with what somebody waits for.
    package static let background = ChangeTraits(rawValue: 2)
    /// The daemon's own work: it gives back, in the background.
    package static let housekeeping: ChangeTraits = [.givesBack, .background]
}

/// A change that waits, with its ways to answer. Exactly one of its answers is given.
struct PendingChange: Sendable {
    let traits: ChangeTraits
    /// Runs the statements and returns the answer to give once they are durable.
    let apply: @Sendable (WriteTransaction) throws -> AppliedChange
    let refuse: @Sendable (BerthError) -> Void
}

extension PendingChange {
    /// A change that is answered with what `body` returns or throws.
    init<Value: Sendable>(
        _ traits: ChangeTraits, _ body: @escaping @Sendable (WriteTransaction) throws -> Value,
        answer: @escaping @Sendable (Result<Value, BerthError>) -> Void
    ) {
        self.init(
            traits: traits,
            apply: { transaction in
                do {
                    let value = try body(transaction)
                    try transaction.close()
                    return AppliedChange(isKept: true) { answer(.success(value)) }
                } catch let undo as Undo<Value> {
                    let value = undo.answer
                    return AppliedChange(isKept: false) { answer(.success(value)) }
                }
            },
            refuse: { answer(.failure($0)) })
    }
}

/// Collects the answers to several changes, and resumes with all of them once the last one is there.
final class AnswerCollector<Value: Sendable>: Sendable {
    private let answers: Mutex<[Result<Value, BerthError>?]>
    private let continuation: CheckedContinuation<[Result<Value, BerthError>], Never>

    init(count: Int, _ continuation: CheckedContinuation<[Result<Value, BerthError>], Never>) {
        answers = Mutex(Array(repeating: nil, count: count))
        self.continuation = continuation
    }

    func set(_ answer: Result<Value, BerthError>, at index: Int) {
        let all = answers.withLock { answers -> [Result<Value, BerthError>]? in
            answers[index] = answer
            return answers.contains { $0 == nil } ? nil : answers.compactMap { $0 }
        }
        if let all { continuation.resume(returning: all) }
    }
}

/// A change that ran, before its transaction is committed.
struct AppliedChange: Sendable {
    /// Whether what it wrote stays.
    let isKept: Bool
    let reply: @Sendable () -> Void
}

/// One batch on its way through a transaction: the chain so far, and the answers that wait for the COMMIT.
struct BatchRun {
    private(set) var chain: AuditChain
    private(set) var replies: [@Sendable () -> Void] = []
    private(set) var leaseChanges: [LeaseChange] = []

    init(chain: AuditChain) { self.chain = chain }

    /// Runs one change in its savepoint.
    /// - Throws: only when the whole transaction is lost, as after a full disk.
    mutating func apply(_ change: PendingChange, in db: Database, now: Moment) throws {
        let transaction = WriteTransaction(db: db, now: now, chain: chain)
        try transaction.execute("SAVEPOINT change")
        do {
            let applied = try change.apply(transaction)
            if !applied.isKept { try transaction.execute("ROLLBACK TO change") }
            try transaction.execute("RELEASE change")
            if applied.isKept {
                chain = transaction.chain
                leaseChanges += transaction.leaseChanges
            }
            replies.append(applied.reply)
        } catch {
            guard db.isInsideTransaction else { throw error }
            try transaction.execute("ROLLBACK TO change")
            try transaction.execute("RELEASE change")
            let refusal = StorageFailure.describe(error)
            replies.append { change.refuse(refusal) }
        }
    }
}
