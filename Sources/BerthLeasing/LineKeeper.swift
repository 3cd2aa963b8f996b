import BerthCore
import BerthStore
package import Logging
import ServiceLifecycle

/// Serves the line whenever room comes, and ends what is due in it. Both wait for events: while nothing happens, nothing
/// is done.
package final class LineKeeper: Service {
    private let manager: LeaseManager
    private let logger: Logger

    package init(manager: LeaseManager, logger: Logger) {
        self.manager = manager
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.serve() }
                group.addTask { await self.tidy() }
            }
        }
    }

    private func serve() async {
        for await _ in manager.line.arrivals {
            do {
                try await manager.serveLine()
            } catch {
                // A stop gives up what is under way; the next start goes on with it.
                guard !Task.isCancelled else { return }
                // The reaper's sweep has it tried again.
                logger.error("the line could not be served; it is tried again", metadata: ["error": "\(error)"])
            }
        }
    }

    private func tidy() async {
        var changes = manager.line.dueChanges.makeAsyncIterator()
        while !Task.isCancelled {
            let now = manager.clock.now().boot
            if let due = manager.line.nextDue(), due <= now {
                do {
                    try await manager.tidyLine(at: now)
                } catch {
                    guard !Task.isCancelled else { return }
                    logger.error("tickets could not be ended; it is tried again", metadata: ["error": "\(error)"])
                }
                continue
            }
            await sleep(until: manager.line.nextDue(), &changes)
        }
    }

    /// Sleeps until something is due, or may be due earlier.
    private func sleep(until due: BootTime?, _ changes: inout AsyncStream<Void>.Iterator) async {
        guard let due else {
            _ = await changes.next()
            return
        }
        let line = manager.line
        let span = Duration.milliseconds(due.milliseconds - manager.clock.now().boot.milliseconds)
        let alarm = Task {
            // Cancelled when something else is due earlier.
            do { try await Task.sleep(for: span) } catch { return }
            line.ring()
        }
        _ = await changes.next()
        alarm.cancel()
    }
}
