import BerthCore
import BerthLeasing
import BerthStore
import Logging
import Synchronization

/// How sessions go out of memory: they have ended, or sleep without their ports.
extension SessionKeeper {
    /// A start that failed. Of a new session nothing is left; one that was woken sleeps on, without ports.
    func discard(_ running: RunningSession, _ error: BerthError) async {
        parts.logger.info(
            "a session could not be started",
            metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        do throws(BerthError) {
            if running.isWoken {
                if try await running.giveBack(after: error) {
                    putAside(running)
                    return
                }
            } else {
                try await release(running)
            }
        } catch {
            parts.logger.error(
                "the session of a start that failed could not be ended",
                metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        }
        forget(running)
    }

    /// Ends the session in the rows, if it is that one still and has that lease.
    func release(_ running: RunningSession) async throws(BerthError) {
        let newest = try await manager.session(running.session.name, for: .daemon)
        guard newest.row == running.session.row, newest.endedAt == nil,
            try await manager.templateLease(of: newest).map({ $0.id == running.lease }) ?? true,
            newest.template?.rest == nil
        else { return }
        try await manager.endSession(running.session.name, .daemon)
    }

    /// Ends what was being stopped.
    func finish(_ running: RunningSession) async {
        await running.end()
        do throws(BerthError) {
            try await release(running)
            forget(running)
        } catch {
            parts.logger.error(
                "a session that was being stopped could not be ended",
                metadata: ["session": "\(running.session.name)", "error": "\(error)"])
        }
    }

    func hear() async {
        for await event in events {
            switch event {
            case .agentExited(let lease, let agent, let process):
                guard let running = kept(of: lease) else { continue }
                Task { await running.exited(agent, process) }
            case .ended(let lease):
                guard let running = kept(of: lease) else { continue }
                Task {
                    await running.end()
                    if await running.mode == .released { self.putAside(running) } else { self.forget(running) }
                }
            case .sleeperEnded(let session):
                removeLogs(session.template.map { agentNames(of: $0.start) } ?? [], of: session)
            }
        }
    }

    /// The agents that the template has now.
    func agentNames(of start: TemplateStart) -> [AgentName] {
        template(start.template)?.agents.map(\.name) ?? []
    }

    /// Takes a session out of memory that sleeps without its ports. Its logs stay.
    @discardableResult
    func putAside(_ running: RunningSession) -> Bool {
        kept.withLock { all in
            all.rows[running.lease] = nil
            guard all.byRow[running.session.row]?.running === running else { return false }
            all.byRow[running.session.row] = nil
            return true
        }
    }

    /// Takes a session that has ended out of memory, with its logs.
    func forget(_ running: RunningSession) {
        // The logs are those of its next lease, where it has one already.
        guard putAside(running) else { return }
        removeLogs(running.names, of: running.session)
    }

    private func removeLogs(_ names: [AgentName], of session: Session) {
        for name in names {
            do throws(BerthError) {
                try parts.launcher.removeLog(parts.files.cidfile(name, session: session.row))
                try parts.launcher.removeLog(parts.files.log(name, session: session.row))
            } catch {
                parts.logger.warning("a log could not be removed", metadata: ["error": "\(error)"])
            }
        }
    }
}
