import BerthCore
import Synchronization

/// The earliest deadline that memory knows of, so that nobody asks the database while nothing can be due.
///
/// It may be too early (a lease was renewed or released since), never too late.
final class DeadlineWatch: Sendable {
    private let earliest: Mutex<BootTime?>

    init(earliest: BootTime?) { self.earliest = Mutex(earliest) }

    /// A lease was granted or renewed.
    func note(_ lease: Lease) {
        guard case .active(.at(let deadline, _)) = lease.state else { return }
        earliest.withLock { $0 = min($0 ?? deadline, deadline) }
    }

    /// Whether something may be due.
    func isDue(at now: BootTime) -> Bool { earliest.withLock { $0.map { $0 <= now } ?? false } }

    /// Whether something may be due. If so the watch forgets: the caller looks, and tells with ``expect(_:)`` what
    /// comes next. A lease that is noted in between is kept.
    func takeDue(at now: BootTime) -> Bool {
        earliest.withLock { earliest in
            guard let deadline = earliest, deadline <= now else { return false }
            earliest = nil
            return true
        }
    }

    /// The earliest deadline as the rows have it.
    func expect(_ deadline: BootTime?) {
        guard let deadline else { return }
        earliest.withLock { $0 = min($0 ?? deadline, deadline) }
    }
}
