import BerthCore

/// Where one agent of a session stands, in memory. What it is to become is decided here alone; whoever asked does it.
enum AgentLife: Hashable, Sendable {
    /// It has no process, and is to have none.
    case stopped
    /// A process was made for it, and has not answered yet.
    case starting(ProcessIdentity)
    /// It answered once. `restarts` were in a row, none of which ran for long.
    case running(ProcessIdentity, since: BootTime, restarts: Int)
    /// Its process ended, and the next one is due then.
    case waiting(until: BootTime, restarts: Int)
    /// Its process ended, and by its template's rule there is no next one.
    case ended(AgentEnd)

    /// What is to be done after an agent's process has ended.
    enum Sequel: Hashable, Sendable {
        case nothing
        /// The start of the session has failed with it.
        case failStart
        case restart(afterMilliseconds: Int64)
    }

    var process: ProcessIdentity? {
        switch self {
        case .starting(let process), .running(let process, _, _): process
        case .stopped, .waiting, .ended: nil
        }
    }

    /// It answered.
    mutating func answered(at now: BootTime) {
        switch self {
        case .starting(let process): self = .running(process, since: now, restarts: 0)
        case .stopped, .running, .waiting, .ended: break
        }
    }

    /// Its process ended by itself. A process that it no longer has changes nothing.
    mutating func exited(
        _ process: ProcessIdentity, _ end: AgentEnd, at now: BootTime, rule: RestartRule
    ) -> Sequel {
        switch self {
        case .starting(let own):
            guard own.isSameProcess(as: process) else { return .nothing }
            self = .ended(end)
            return .failStart
        case .running(let own, let since, let earlier):
            guard own.isSameProcess(as: process) else { return .nothing }
            guard rule.policy.wantsRestart(after: end) else {
                self = .ended(end)
                return .nothing
            }
            let ranLong =
                Double(now.milliseconds - since.milliseconds) >= rule.maxBackoffSeconds * 1000
            let restarts = ranLong ? 0 : earlier
            let delay = rule.backoffMilliseconds(afterRestarts: restarts)
            self = .waiting(until: now.advanced(byMilliseconds: delay), restarts: restarts + 1)
            return .restart(afterMilliseconds: delay)
        case .stopped, .waiting, .ended: return .nothing
        }
    }

    /// The next process was made after a wait.
    mutating func restarted(_ process: ProcessIdentity, at now: BootTime) {
        switch self {
        case .waiting(_, let restarts): self = .running(process, since: now, restarts: restarts)
        case .stopped, .starting, .running, .ended: break
        }
    }

    /// The next process could not be made: it waits again, longer.
    mutating func failedAgain(at now: BootTime, rule: RestartRule) -> Sequel {
        switch self {
        case .waiting(_, let restarts):
            let delay = rule.backoffMilliseconds(afterRestarts: restarts)
            self = .waiting(until: now.advanced(byMilliseconds: delay), restarts: restarts + 1)
            return .restart(afterMilliseconds: delay)
        case .stopped, .starting, .running, .ended: return .nothing
        }
    }
}

extension RestartRule.Policy {
    func wantsRestart(after end: AgentEnd) -> Bool {
        switch self {
        case .always: true
        case .never: false
        // How a process of an earlier daemon ended is not known. One that is missed is the worse mistake.
        case .onFailure: end != .exited(0)
        }
    }
}

extension RestartRule {
    /// The wait before the restart that follows so many others.
    func backoffMilliseconds(afterRestarts restarts: Int) -> Int64 {
        var seconds = backoffSeconds
        for _ in 0..<min(restarts, 64) where seconds < maxBackoffSeconds { seconds *= 2 }
        return Int64(min(seconds, maxBackoffSeconds) * 1000)
    }
}
