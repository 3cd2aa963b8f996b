import CoreMetrics

/// What the reaper tells of itself.
enum ReaperMetrics {
    static let reap = CoreMetrics.Timer(label: "berth_reap_seconds")
    static let failures = Counter(label: "berth_reap_failures_total")
    /// Processes whose death the kernel tells, and those that have to be looked at.
    static let watched = Gauge(label: "berth_processes_watched", dimensions: [("by", "event")])
    static let unwatched = Gauge(label: "berth_processes_watched", dimensions: [("by", "look")])
}
