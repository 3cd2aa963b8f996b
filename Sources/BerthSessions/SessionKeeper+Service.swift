package import BerthCore
import BerthLeasing
package import BerthRouter
import Logging
import ServiceLifecycle
import Synchronization

extension SessionKeeper: Service {
    /// How often logs are cut and idle sessions are looked for.
    private static let tick = Duration.seconds(1)

    /// Hears of ended processes and leases, until the daemon stops. The agents live on.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.hear() }
                group.addTask { await self.lookEachTick() }
            }
        }
    }

    private func lookEachTick() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.tick) } catch { return }
            for kept in kept.withLock({ Array($0.byRow.values) }) {
                trimLogs(of: kept.running)
                await sleepIfIdle(kept.running)
            }
        }
    }

    private func trimLogs(of running: RunningSession) {
        for name in running.names {
            do throws(BerthError) {
                try parts.launcher.trimLog(parts.files.log(name, session: running.session.row))
            } catch {
                parts.logger.warning("a log could not be cut", metadata: ["agent": "\(name)", "error": "\(error)"])
            }
        }
    }

    /// Stops the agents of a session that nobody has asked for in its template's idle time.
    func sleepIfIdle(_ running: RunningSession) async {
        let now = manager.now().boot
        guard let rule = running.template?.sleep, case .running = await running.mode else { return }
        let ready = await running.readySince ?? now
        let bound = now.advanced(byMilliseconds: -Int64(rule.idleSeconds) * 1000)
        guard ready <= bound, manager.routes.suspend(running.lease, idleSince: bound) else { return }
        do throws(BerthError) {
            guard try await running.sleep() else { return manager.routes.resume(running.lease) }
            parts.logger.info("a session sleeps", metadata: ["session": "\(running.session.name)"])
        } catch {
            manager.routes.resume(running.lease)
            parts.logger.error(
                "an idle session could not be stopped",
                metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        }
    }

    /// Starts the agents of a session that sleeps, and lets requests through to them.
    ///
    /// Others may wait for the same start, so that it goes on when the one who asked hangs up.
    func wake(_ running: RunningSession) async throws(BerthError) {
        let woken = await Task { () -> Result<Void, BerthError> in
            do throws(BerthError) {
                try await running.wake()
                self.manager.routes.resume(running.lease)
                return .success(())
            } catch {
                return .failure(error)
            }
        }.value
        try woken.get()
    }
}

extension SessionKeeper: SessionWaker {
    /// A session that sleeps keeps its lease here.
    package func sleeper(_ selector: SessionSelector) -> RoutedSession? { nil }

    /// Starts the agents of a session that sleeps; of another one nothing.
    package func wake(_ session: RoutedSession) async throws(BerthError) {
        guard let running = kept.withLock({ $0.byRow[session.row]?.running }) else { return }
        try await wake(running)
    }
}
