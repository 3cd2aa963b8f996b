package import BerthCore
import BerthLeasing
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
            for kept in kept.withLock({ Array($0.values) }) {
                trimLogs(of: kept.running)
                await sleepIfIdle(kept.running)
            }
        }
    }

    private func trimLogs(of running: RunningSession) {
        for agent in running.agents {
            do throws(BerthError) {
                try parts.launcher.trimLog(parts.files.log(agent.template.name, session: running.session.row))
            } catch {
                parts.logger.warning(
                    "a log could not be cut", metadata: ["agent": "\(agent.template.name)", "error": "\(error)"])
            }
        }
    }

    /// Stops the agents of a session that nobody has asked for in its template's idle time.
    func sleepIfIdle(_ running: RunningSession) async {
        let now = manager.now().boot
        guard let rule = running.template?.sleep, case .running = await running.mode,
            let since = activity.idleSince(running.lease, now: now),
            now.milliseconds - since.milliseconds >= Int64(rule.idleSeconds) * 1000
        else { return }
        do throws(BerthError) {
            guard try await running.sleep() else { return }
            parts.logger.info("a session sleeps", metadata: ["session": "\(running.session.name)"])
        } catch {
            parts.logger.error(
                "an idle session could not be stopped",
                metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        }
    }

    /// Wakes the session whose lease that is, if it sleeps, and returns once its agents are ready.
    /// - Throws: `agent-failed`; `lease-ended`.
    package func wake(_ lease: LeaseID) async throws(BerthError) {
        guard let running = kept(of: lease) else { return }
        activity.touch(lease, at: manager.now().boot)
        switch await running.mode {
        case .running: return
        case .starting, .asleep, .ending: try await running.wake()
        }
    }
}
