/// What the daemon lets its callers have at most.
package struct Limits: Hashable, Sendable {
    package var maxSessions: Int
    package var maxPortsPerSession: Int
    package var maxWaiting: Int
    /// How long a ticket waits that nobody asks about.
    package var ticketIdleSeconds: Int

    package init(
        maxSessions: Int = 1000, maxPortsPerSession: Int = 1000, maxWaiting: Int = 10_000,
        ticketIdleSeconds: Int = 60
    ) {
        self.maxSessions = maxSessions
        self.maxPortsPerSession = maxPortsPerSession
        self.maxWaiting = maxWaiting
        self.ticketIdleSeconds = ticketIdleSeconds
    }
}
