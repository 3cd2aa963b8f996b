internal import CoreMetrics
internal import Metrics

/// Counters of the router. Labels are classes, never names of sessions or agents.
enum RouterMetrics {
    private static let classes = (1...5).map { digit in
        Counter(label: "berth_router_requests_total", dimensions: [("status", "\(digit)xx")])
    }

    /// An answer's head went to the client.
    static func answered(_ status: Int) {
        let index = status / 100 - 1
        if classes.indices.contains(index) { classes[index].increment() }
    }

    /// From a request's head to its answer's.
    static func took(_ nanoseconds: Int64) { head.recordNanoseconds(nanoseconds) }

    /// So many clients are connected.
    static func connected(_ count: Int) { connections.record(count) }

    static func connectedUpstream() { upstream.increment() }

    static func repeated() { repeats.increment() }

    /// The end of a lease refused or cut a request.
    static func ended() { ends.increment() }

    static func tunnelled() { tunnels.increment() }

    private static let head = Timer(label: "berth_router_head_seconds")
    private static let connections = Gauge(label: "berth_router_connections")
    private static let upstream = Counter(label: "berth_router_upstream_connections_total")
    private static let repeats = Counter(label: "berth_router_repeats_total")
    private static let ends = Counter(label: "berth_router_ended_total")
    private static let tunnels = Counter(label: "berth_router_tunnels_total")
}
