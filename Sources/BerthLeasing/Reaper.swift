import BerthCore
import BerthStore
import CoreMetrics
package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Ends what has run out and recovers ports that nobody holds any more. It is only another caller of
/// ``LeaseManager``'s store.
///
/// It never gives up: what fails is logged, counted and tried again at the next tick.
package final class Reaper: Service {
    /// How often memory is asked whether something is due. The database is asked only when something is.
    package static let tick = Duration.milliseconds(200)
    /// Ticks further apart than this had nobody serving in between: the host slept, or the daemon was stopped.
    package static let gapMilliseconds: Int64 = 3000
    /// How many leases end in one transaction: it bounds how long a grant waits behind it.
    package static let batch = 256

    private let manager: LeaseManager
    private let logger: Logger
    private let lastTick: Mutex<BootTime>
    private let lastForgetting: Mutex<BootTime>

    package init(manager: LeaseManager, logger: Logger) {
        self.manager = manager
        self.logger = logger
        let now = manager.clock.now().boot
        lastTick = Mutex(now)
        lastForgetting = Mutex(now)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.sweep()
                do { try await Task.sleep(for: Self.tick) } catch { return }
            }
        }
    }

    /// How long ago the last sweep was, in milliseconds: readiness asks.
    package var millisecondsSinceSweep: Int64 {
        manager.clock.now().boot.milliseconds - lastTick.withLock { $0.milliseconds }
    }

    /// One sweep: gaps, deadlines, resting ports, old idempotency keys.
    package func sweep() async {
        let now = manager.clock.now().boot
        let before = lastTick.withLock { $0 }
        do {
            if now.milliseconds - before.milliseconds > Self.gapMilliseconds {
                logger.info(
                    "nobody served for a while; passed deadlines are moved",
                    metadata: ["milliseconds": "\(now.milliseconds - before.milliseconds)"])
                try await manager.store.forgiveGap(since: before)
            }
            try await expire(now)
            try await manager.lookAtRestingPorts()
            try await forget(now)
        } catch {
            ReaperMetrics.failures.increment()
            manager.deadlines.expect(now)
            logger.error("sweep failed; it is tried again", metadata: ["error": "\(error)"])
        }
        lastTick.withLock { $0 = max($0, now) }
    }

    private func expire(_ now: BootTime) async throws(BerthError) {
        guard manager.deadlines.takeDue(at: now) else { return }
        let start = ContinuousClock.now
        var ended: [EndedLease]
        repeat {
            ended = try await manager.store.expire(limit: Self.batch, .daemon)
            for lease in ended {
                manager.note(lease)
                logger.info("lease expired", metadata: ["lease": "\(lease.lease)", "block": "\(lease.block)"])
            }
        } while ended.count == Self.batch
        manager.deadlines.expect(try await manager.store.earliestDeadline())
        ReaperMetrics.reap.record(duration: ContinuousClock.now - start)
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
