package import BerthCore
package import BerthRouter
import BerthStore
import Synchronization

/// Wakes sessions whose agents were stopped because nobody asked for them.
package protocol SessionWaker: Sendable {
    /// Returns once the session's agents are ready, and ``LiveRoutes`` has their ports.
    /// - Throws: why they are not; `not-found` where the session has no such agent, for which nothing is woken.
    func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError)
}

/// Where requests to agents go, in memory.
///
/// It begins with the rows and follows the commits: after each COMMIT, in its order, and before anybody is answered. So a lease
/// that has ended is gone from here before its ports can be anybody else's, and nothing that was read earlier brings it back.
package final class LiveRoutes: RouteTable {
    /// What the router did for a lease.
    package struct Traffic: Hashable, Sendable {
        /// Requests that are under way, streams among them.
        package let inFlight: Int
        /// When the last one came or ended; nil where none did since the start.
        package let lastRequestAt: BootTime?
    }

    private let state: Mutex<LiveRouteState>
    private let clock: any HostClock

    /// - Parameter sleepers: the sessions that sleep without a lease.
    init(_ leases: [SessionLease], sleepers: [RoutedSession] = [], clock: any HostClock) {
        var state = LiveRouteState()
        for session in sleepers { state.add(sleeper: session) }
        for lease in leases { state.note(lease) }
        self.state = Mutex(state)
        self.clock = clock
    }

    // MARK: What the router asks

    /// A session that has agents, or that sleeps.
    package func session(_ selector: SessionSelector) -> RoutedSession? {
        state.withLock { $0.session(selector) }
    }

    /// Where the agent is, in the oldest lease that has it.
    package func route(_ agent: AgentName, of session: RoutedSession) -> RouteLook {
        state.withLock { $0.route(agent, of: session) }
    }

    /// Has the session woken, where somebody wakes sessions.
    package func wake(_ session: RoutedSession, for agent: AgentName) async throws(BerthError) {
        // Without anybody who wakes, no session sleeps: the lease has just ended or changed, and is looked up again.
        guard let waker = state.withLock({ $0.waker }) else { return }
        try await waker.wake(session, for: agent)
    }

    /// Whether the lease has agents and has not ended.
    package func isLive(_ lease: LeaseID) -> Bool { state.withLock { $0.leases[lease] != nil } }

    /// Counts a request, unless the lease has ended or is suspended.
    package func begin(_ lease: LeaseID) -> Bool {
        let now = clock.now().boot
        return state.withLock { state in
            guard let entry = state.leases[lease], !entry.isSuspended else { return false }
            entry.inFlight += 1
            entry.lastRequestAt = now
            return true
        }
    }

    /// Counts a request no more.
    package func finish(_ lease: LeaseID) {
        let now = clock.now().boot
        state.withLock { state in
            guard let entry = state.leases[lease] else { return }
            entry.inFlight -= 1
            entry.lastRequestAt = now
        }
    }

    /// The agents of a live lease with their ports.
    package func agents(of lease: LeaseID) -> [AgentName: Port] { state.withLock { $0.leases[lease]?.agents ?? [:] } }

    /// Calls `body`, on the writing queue, with each lease that ends.
    package func followEndings(_ body: @escaping @Sendable (LeaseID) -> Void) {
        state.withLock { $0.followers.append(body) }
    }

    // MARK: What the sessions' keeper says

    /// Who wakes sessions from here on.
    package func wakeThrough(_ waker: any SessionWaker) { state.withLock { $0.waker = waker } }

    /// What becomes of the cards of a lease's agents.
    package func setCardRule(_ rule: CardRule, of lease: LeaseID) {
        state.withLock { $0.leases[lease]?.card = rule }
    }

    /// Nil for a lease that has ended or never had an agent.
    package func traffic(of lease: LeaseID) -> Traffic? {
        state.withLock { state in
            state.leases[lease].map { Traffic(inFlight: $0.inFlight, lastRequestAt: $0.lastRequestAt) }
        }
    }

    /// Lets no request through to a lease's agents until ``resume(_:)``: they are about to be stopped.
    /// - Parameter idleSince: a request after that moment keeps them awake.
    /// - Returns: whether it does so; not while a request is under way.
    package func suspend(_ lease: LeaseID, idleSince: BootTime) -> Bool {
        state.withLock { state in
            guard let entry = state.leases[lease], entry.inFlight == 0, entry.lastRequestAt ?? idleSince <= idleSince
            else { return false }
            entry.isSuspended = true
            return true
        }
    }

    /// The agents of a suspended lease are ready again.
    package func resume(_ lease: LeaseID) { state.withLock { $0.leases[lease]?.isSuspended = false } }

    // MARK: What the commits say

    func changed(_ changed: SessionLease) { state.withLock { $0.note(changed) } }

    /// The session is about to lose its lease, and is woken by whoever asks for it from here on.
    func slept(_ session: RoutedSession) { state.withLock { $0.add(sleeper: session) } }

    func sleeperEnded(_ session: RoutedSession) { state.withLock { $0.remove(sleeper: session) } }

    /// Whether a session sleeps without a lease.
    var hasSleepers: Bool { state.withLock { !$0.sleepers.isEmpty } }

    func ended(_ lease: LeaseID) {
        let followers = state.withLock { $0.remove(lease) ? $0.followers : [] }
        for follower in followers { follower(lease) }
    }
}
