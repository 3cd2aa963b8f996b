import BerthCore
import BerthLeasing
import Logging
import ServiceLifecycle
import Synchronization

extension SessionKeeper: Service {
    /// How often logs are cut and idle sessions are looked for.
    private static let tick = Duration.seconds(1)

    /// Hears of ended processes and leases, until the daemon stops. The agents live on.
    ///
    /// Nothing that is under way then is waited for, since an agent may take long to stop: the next daemon goes on with it.
    package func run() async throws {
        let tasks = [Task { await hear() }, Task { await lookEachTick() }]
        defer { for task in tasks { task.cancel() } }
        // Ends by a cancellation too.
        try? await gracefulShutdown()
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
        guard let rule = running.template?.sleep else { return }
        do throws(BerthError) {
            switch await running.mode {
            case .running: guard try await sleep(running, rule) else { return }
            // Its ports go back where that has failed before, or its template says so now.
            case .asleep where rule.ports == .release: guard try await running.giveBack() else { return }
            case .asleep, .starting, .ending, .released: return
            }
            if rule.ports == .release { putAside(running) }
            parts.logger.info("a session sleeps", metadata: ["session": "\(running.session.name)"])
        } catch {
            parts.logger.error(
                "an idle session could not be stopped",
                metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        }
    }

    /// - Returns: whether it sleeps now.
    private func sleep(_ running: RunningSession, _ rule: SleepRule) async throws(BerthError) -> Bool {
        let now = manager.now().boot
        let ready = await running.readySince ?? now
        let bound = now.advanced(byMilliseconds: -Int64(rule.idleSeconds) * 1000)
        guard ready <= bound, manager.routes.suspend(running.lease, idleSince: bound) else { return false }
        do throws(BerthError) {
            if try await running.sleep() { return true }
        } catch {
            // Where its agents are stopped already, who asks wakes it.
            if await running.mode == .running { manager.routes.resume(running.lease) }
            throw error
        }
        if await running.mode == .running { manager.routes.resume(running.lease) }
        return false
    }
}
