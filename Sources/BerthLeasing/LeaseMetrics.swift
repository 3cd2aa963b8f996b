import BerthCore
import CoreMetrics
import Metrics

/// Counters of what happened to leases. Labels are states, never names of sessions or users.
enum LeaseMetrics {
    static let granted = Counter(label: "berth_leases_granted_total")

    private static let released = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "released")])
    private static let expired = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "expired")])
    private static let orphaned = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "orphaned")])

    /// How long a ticket waited for its lease.
    static func waited(_ ticket: Ticket) {
        guard case .granted(_, let at, _) = ticket.state else { return }
        wait.recordMilliseconds(max(0, at.milliseconds - ticket.createdAt.milliseconds))
    }

    private static let wait = Timer(label: "berth_lease_wait_seconds")

    static func ended(_ end: LeaseEnd) -> Counter {
        switch end {
        case .released: released
        case .expired: expired
        case .orphaned: orphaned
        }
    }
}
