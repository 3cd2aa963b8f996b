package import BerthCore
import BerthRouter
package import BerthStore
import CoreMetrics
package import Logging
import Synchronization

/// One verb for each thing that can happen to leases. Everything that changes them goes through here.
///
/// The index in memory proposes, the probe asks the kernel, the store's transaction disposes.
package final class LeaseManager: Sendable {
    let store: LeaseStore
    /// What memory knows of the ports.
    package let ports: PortMap
    let probe: any PortProbe
    let processes: any ProcessTable
    let clock: any HostClock
    let deadlines: DeadlineWatch
    let history = HolderHistory()
    let watches: WatchList
    let inbox = DeathInbox()
    /// The line to wait in.
    package let line: WaitLine
    let holdingTimes = HoldingTimes()
    /// Ends of leases and of agents' processes.
    package let events = Follower<LeaseEvent>()
    /// The tokens that let somebody in.
    package let tokens: TokenBook
    /// Where requests to agents go.
    package let routes: LiveRoutes
    /// The deaths that the host tells of.
    let deaths: AsyncStream<ProcessIdentity>
    /// When somebody last looked around; see ``forgiveGap(_:)``.
    let lastServed: Mutex<BootTime>
    package let logger: Logger

    /// Reads the rows that the index is made from, and watches the processes that they name.
    package init(
        store: LeaseStore, probe: any PortProbe, processes: any ProcessTable, watch: any ProcessWatch,
        clock: any HostClock, logger: Logger
    ) async throws(BerthError) {
        self.store = store
        self.probe = probe
        self.processes = processes
        self.clock = clock
        self.logger = logger
        lastServed = Mutex(clock.now().boot)
        ports = PortMap(
            pools: Array(store.pools.values), records: try await store.allPorts(),
            nextPorts: try await store.nextPorts())
        deadlines = DeadlineWatch(earliest: try await store.earliestDeadline())
        watches = WatchList(watch: watch)
        tokens = TokenBook(try await store.unrevokedTokens(), clock: clock)
        routes = LiveRoutes(
            try await store.leasesWithAgents(), sleepers: try await store.sleepers().map(RoutedSession.init),
            clock: clock)
        line = WaitLine(clock: clock, idleSeconds: store.limits.ticketIdleSeconds)
        deaths = watch.deaths
        ports.followRoom { [line] pool, largestRun, isBestEffort in
            line.roomGrew(in: pool, largestRun: largestRun, isBestEffort: isBestEffort)
        }
        store.queue.follow { [ports, watches, clock, line, holdingTimes, tokens, routes, events, deadlines] change in
            switch change {
            case .granted(let granted):
                ports.granted(granted.lease.block, in: granted.lease.pool)
                routes.changed(granted)
            case .agentsChanged(let changed): routes.changed(changed)
            case .ended(let ended):
                routes.ended(ended.lease)
                LeaseMetrics.ended(ended.end).increment()
                watches.forget(ended.lease)
                holdingTimes.note(ended)
                line.told(of: ended.lease)
                ports.ended(ended, at: clock.now().boot)
                events.tell([.ended(ended.lease)])
                // It may have been the last one that a sleeping session had, whose time is over.
                if routes.hasSleepers { deadlines.expect(clock.now().boot) }
            case .slept(let session): routes.slept(RoutedSession(session))
            case .sleeperEnded(let session):
                routes.sleeperEnded(RoutedSession(session))
                events.tell([.sleeperEnded(session)])
            case .waiting(let ticket): line.waiting(ticket)
            case .served(let ticket, _):
                LeaseMetrics.waited(ticket)
                line.served(ticket)
            case .left(let ticket): line.left(ticket)
            case .tokenCreated(let stored): tokens.created(stored)
            case .tokenRevoked(let id): tokens.revoked(id)
            }
        }
        try await watchAll()
        try await adoptLine()
    }

    /// The pools, as configured.
    package var pools: [PoolName: Pool] { store.pools }

    /// Renews a lease; nil counts the lease's own TTL again.
    package func renew(
        _ id: LeaseID, ttlSeconds: Int64?, _ context: ChangeContext
    ) async throws(BerthError) -> (lease: Lease, isReplay: Bool) {
        let answer = try await store.renew(id, ttlMilliseconds: ttlSeconds.map { $0 * 1000 }, context)
        deadlines.note(answer.lease)
        return answer
    }

    /// Releases a lease; releasing an ended one again does nothing.
    package func release(_ id: LeaseID, reason: String, _ context: ChangeContext) async throws(BerthError) {
        _ = try await store.release(id, reason: reason, context)
    }

    /// Ends a session and releases all of its leases at once.
    package func endSession(_ name: SessionName, _ context: ChangeContext) async throws(BerthError) {
        _ = try await store.endSession(name, context)
    }

    /// Attaches a process to a lease as a named agent.
    /// - Throws: `no-such-process`, `forbidden`, and what ``LeaseStore`` throws.
    package func attach(
        _ name: AgentName, _ named: RequestedProcess, port: Port?, to id: LeaseID, _ context: ChangeContext
    ) async throws(BerthError) -> Lease {
        let process = try identify(named, field: "pid", for: context.caller)
        let lease = try await store.attach(name, process: process, port: port, to: id, context)
        follow(lease)
        return lease
    }

    /// Takes an agent's name off its port.
    package func detach(_ name: AgentName, from id: LeaseID, _ context: ChangeContext) async throws(BerthError) {
        try await store.detach(name, from: id, context)
    }

    /// The live process that a caller names, when it may.
    package func identify(
        _ named: RequestedProcess, field: String, for caller: Caller
    ) throws(BerthError) -> ProcessIdentity {
        let pid: Int32
        switch named {
        case .caller(let process): return process
        case .pid(let number): pid = number
        }
        guard caller.mayNameProcesses else {
            throw BerthError(
                .forbidden,
                "This token may not name processes. Have one created with allow_pids, or leave \(field) out.")
        }
        guard let process = processes.identify(pid) else {
            throw BerthError(
                .noSuchProcess, "There is no live process \(pid) in the daemon's PID namespace.",
                fields: [FieldError(field: field, detail: "no live process has this PID")])
        }
        if !caller.isAdministrator, case .user(let user) = caller.principal, processes.user(of: pid) != user {
            throw BerthError(.forbidden, "Process \(pid) belongs to another user. Name one of your own.")
        }
        return process
    }
}
