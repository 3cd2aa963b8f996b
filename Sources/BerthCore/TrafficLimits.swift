/// How much traffic the daemon takes from one principal; nil where only the listener's own bounds hold.
package struct TrafficLimits: Hashable, Sendable {
    /// Requests in a second, in the long run.
    package struct Rate: Hashable, Sendable {
        package let perSecond: Int
        /// Requests that may come at once, after a rest.
        package let burst: Int

        /// - Parameters: both at least 1.
        package init(perSecond: Int, burst: Int) {
            self.perSecond = max(1, perSecond)
            self.burst = max(1, burst)
        }
    }

    package var requests: Rate?
    /// Connections at a time, over all listeners.
    package var maxConnections: Int?

    package init(requests: Rate? = nil, maxConnections: Int? = nil) {
        self.requests = requests
        self.maxConnections = maxConnections
    }
}
