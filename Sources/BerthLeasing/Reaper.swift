import BerthCore
import BerthStore
import CoreMetrics
package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Ends what has run out, orphans what has lost its processes, and recovers ports that nobody holds any more.
/// It is only another caller of ``LeaseManager``'s store.
///
/// Deaths come as events; everything else, and the safety net under the events, is looked at tick by tick. It never
/// gives up: what fails is logged, counted and tried again, a little later each time.
package final class Reaper: Service {
    /// How often memory is asked whether something is due, while something may be before the next idle sweep; else it is
    /// asked once for each of those. The database is asked only when something is.
    package static let tick = Duration.milliseconds(200)
    /// How long there is no sweep at most. It is far below the time that counts as nobody serving.
    private static let idleMilliseconds: Int64 = 1000
    /// How many leases end in one transaction: it bounds how long a grant waits behind it.
    package static let batch = 1
    /// How many processes without an event are looked at in a tick: 10,000 of them are gone through in ten seconds.
    private static let unwatchedLooks = 200
    /// The same for watched ones. It is only the safety net: an idle daemon goes through 10,000 in 42 minutes, and
    /// spends less than 0.05 % of a CPU on it.
    private static let watchedLooks = 4

    private let manager: LeaseManager
    private let logger: Logger
    private let lastTick: Mutex<BootTime>
    private let lastForgetting: Mutex<BootTime>
    private let patience = Mutex(Patience())

    package init(manager: LeaseManager, logger: Logger) {
        self.manager = manager
        self.logger = logger
        let now = manager.clock.now().boot
        lastTick = Mutex(now)
        lastForgetting = Mutex(now)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.sweepEachTick() }
                group.addTask {
                    for await process in self.manager.deaths { self.manager.inbox.post([Death(process, .event)]) }
                }
                group.addTask { for await _ in self.manager.inbox.arrivals { await self.recordDeaths() } }
            }
        }
    }

    /// How long ago the last sweep was, in milliseconds: readiness asks.
    package var millisecondsSinceSweep: Int64 {
        manager.clock.now().boot.milliseconds - lastTick.withLock { $0.milliseconds }
    }

    private func sweepEachTick() async {
        while !Task.isCancelled {
            let now = manager.clock.now().boot
            if isDue(at: now), patience.withLock({ $0.isOver(at: now) }) { await sweep() }
            let isQuiet = !mayBeDue(at: now.advanced(byMilliseconds: Self.idleMilliseconds))
            let pause = isQuiet ? Duration.milliseconds(Self.idleMilliseconds) : Self.tick
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// Whether a sweep would find something to do, or the last one is long ago.
    private func isDue(at now: BootTime) -> Bool {
        now.milliseconds - lastTick.withLock { $0.milliseconds } >= Self.idleMilliseconds || mayBeDue(at: now)
    }

    private func mayBeDue(at now: BootTime) -> Bool {
        patience.withLock { $0.hasFailed } || manager.deadlines.isDue(at: now)
            || manager.ports.isLookDue(at: now) || manager.watches.counts.unwatched > 0
    }

    /// One sweep: gaps, deaths, deadlines, resting ports, old idempotency keys. A part that fails does not keep the
    /// others from their turn.
    package func sweep() async {
        let now = manager.clock.now().boot
        // Reads would be answered from a file that nobody can find any more.
        manager.store.queue.checkPlace()
        // Until a gap is forgiven nothing may expire, and the gap goes on.
        guard await attempt(manager.forgiveGap, now) else { return patience.withLock { $0.failed(at: now) } }
        lastTick.withLock { $0 = max($0, now) }
        var isWell = true
        manager.line.tryAgain()
        for part in [lookForDeaths, expire, recover, forget] where await !attempt(part, now) { isWell = false }
        patience.withLock { isWell ? $0.succeeded() : $0.failed(at: now) }
    }

    private func attempt(
        _ part: (BootTime) async throws(BerthError) -> Void, _ now: BootTime
    ) async -> Bool {
        do {
            try await part(now)
            return true
        } catch {
            // A stop gives up what is under way; the next start goes on with it.
            guard !Task.isCancelled else { return false }
            ReaperMetrics.failures.increment()
            logger.error("part of a sweep failed; it is tried again", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Records the deaths that were posted. What fails waits for the next sweep.
    private func recordDeaths() async {
        do {
            try await recordPosted()
        } catch {
            ReaperMetrics.failures.increment()
            logger.error("deaths could not be recorded; they are tried again", metadata: ["error": "\(error)"])
        }
    }

    private func recordPosted() async throws(BerthError) {
        let deaths = manager.inbox.takeAll()
        guard !deaths.isEmpty else { return }
        let start = ContinuousClock.now
        try await manager.record(deaths)
        ReaperMetrics.reap.record(duration: ContinuousClock.now - start)
    }

    // MARK: The parts of a sweep

    /// Looks at processes whose death no event tells, and at a few of the others.
    private func lookForDeaths(_ now: BootTime) async throws(BerthError) {
        let looks = manager.watches.nextToLookAt(unwatched: Self.unwatchedLooks, watched: Self.watchedLooks)
        manager.inbox.post(looks.filter { !manager.processes.isAlive($0) }.map { Death($0, .look) })
        let counts = manager.watches.counts
        ReaperMetrics.watched.record(counts.watched)
        ReaperMetrics.unwatched.record(counts.unwatched)
        try await recordPosted()
    }

    private func expire(_ now: BootTime) async throws(BerthError) {
        guard manager.deadlines.takeDue(at: now) else { return }
        let start = ContinuousClock.now
        do {
            var ended: [EndedLease]
            repeat {
                ended = try await manager.store.expire(limit: Self.batch, .daemon)
                for lease in ended {
                    logger.info("lease expired", metadata: ["lease": "\(lease.lease)", "block": "\(lease.block)"])
                }
            } while ended.count == Self.batch
            manager.deadlines.expect(try await manager.store.earliestDeadline())
        } catch {
            manager.deadlines.expect(now)
            throw error
        }
        ReaperMetrics.reap.record(duration: ContinuousClock.now - start)
    }

    private func recover(_ now: BootTime) async throws(BerthError) {
        try await manager.lookAtRestingPorts()
    }

    /// Idempotency keys are forgotten once a minute, a bounded number at a time.
    private func forget(_ now: BootTime) async throws(BerthError) {
        let isDue = lastForgetting.withLock { last in
            guard now.milliseconds - last.milliseconds >= 60_000 else { return false }
            last = now
            return true
        }
        if isDue { while try await manager.store.forgetOutcomes(limit: 1000) == 1000 {} }
    }
}

extension Reaper {
    /// How long a reaper whose sweeps fail waits before the next: twice as long each time, up to five seconds, so that a
    /// full disk is not hammered, and room that returns is soon noticed.
    struct Patience {
        private var failures = 0
        private var nextSweep: BootTime?

        var hasFailed: Bool { failures > 0 }

        func isOver(at now: BootTime) -> Bool { nextSweep.map { $0 <= now } ?? true }

        mutating func failed(at now: BootTime) {
            failures += 1
            nextSweep = now.advanced(byMilliseconds: min(5000, 200 << Int64(min(failures, 5))))
        }

        mutating func succeeded() {
            failures = 0
            nextSweep = nil
        }
    }
}
