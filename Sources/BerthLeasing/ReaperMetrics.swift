import CoreMetrics

/// What the reaper tells of itself.
enum ReaperMetrics {
    static let reap = CoreMetrics.Timer(label: "berth_reap_seconds")
    static let failures = Counter(label: "berth_reap_failures_total")
}
