import CoreMetrics

/// What is told of sessions of templates. Labels are kinds, never names of sessions, templates or agents.
enum SessionMetrics {
    /// From the grant until every agent was ready.
    static let cold = CoreMetrics.Timer(label: "berth_session_start_seconds", dimensions: [("kind", "cold")])
    /// The same for a session that slept and kept its ports.
    static let warm = CoreMetrics.Timer(label: "berth_session_start_seconds", dimensions: [("kind", "warm")])
    static let failures = Counter(label: "berth_session_start_failures_total")
    static let sleeps = Counter(label: "berth_session_sleeps_total")
    static let restarts = Counter(label: "berth_agent_restarts_total")
}
