import BerthCore
import BerthStore
import Synchronization

/// What clients did and were told, as they would tell it: the other side of the database.
///
/// Each change carries a request id of its own, which its audit record keeps: that is how it is found again.
final class ChangeLedger: Sendable {
    /// One change, with where the disk's record stood when it was submitted and answered.
    struct Change: Sendable {
        let submittedAt: Int64
        var acknowledgedAt: Int64?
        var refusal: ErrorCode?
    }

    private let changes = Mutex<[Change]>([])
    private let position: @Sendable () -> Int64

    init(position: @escaping @Sendable () -> Int64) { self.position = position }

    static func requestID(_ number: Int) -> String { "change-\(number)" }

    /// All changes so far; a change's number is its index.
    var all: [Change] { changes.withLock { $0 } }

    /// Submits a change. It counts as acknowledged when `body` says that it did something.
    func change(as caller: Caller = .alice, _ body: (ChangeContext) async throws -> Bool) async throws {
        let start = position()
        let number = changes.withLock { changes in
            changes.append(Change(submittedAt: start))
            return changes.count - 1
        }
        do {
            guard try await body(ChangeContext(caller: caller, requestID: Self.requestID(number))) else { return }
            let end = position()
            changes.withLock { $0[number].acknowledgedAt = end }
        } catch let error as BerthError {
            changes.withLock { $0[number].refusal = error.code }
        } catch is NotGranted {
            return
        }
    }
}
