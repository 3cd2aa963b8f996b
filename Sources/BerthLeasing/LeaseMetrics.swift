import BerthCore
import CoreMetrics

/// Counters of what happened to leases. Labels are states, never names of sessions or users.
enum LeaseMetrics {
    static let granted = Counter(label: "berth_leases_granted_total")

    private static let released = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "released")])
    private static let expired = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "expired")])
    private static let orphaned = Counter(label: "berth_leases_ended_total", dimensions: [("reason", "orphaned")])

    static func ended(_ end: LeaseEnd) -> Counter {
        switch end {
        case .released: released
        case .expired: expired
        case .orphaned: orphaned
        }
    }
}
