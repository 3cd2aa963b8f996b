import BerthCore
import BerthTestSupport

/// What happens to the host behind the daemon's back.
extension Simulation {
    func kill() {
        let pid = Int32.random(in: SimulatedHost.pids, using: &random)
        guard host.kill(pid) else { return }
        report.deaths += 1
        note("process \(pid) ends")
    }

    /// Processes end, and others have their PIDs at once; a successor may lease or serve itself.
    func reusePIDs() async throws {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let held = ledger.ordered.filter { $0.processes.contains(where: host.lives) }
            guard let claim = held.randomElement(using: &random) else { return }
            let former = random.pick(claim.processes.filter(host.lives).sorted { $0.pid < $1.pid })
            let isInFormersTick = random.happens(inPercent: 33)
            let isAlice = claim.lease.principal == .user(1000)
            let successor = host.reuse(former.pid, user: isAlice ? 1000 : 1001, isInFormersTick: isInFormersTick)
            report.pidReuses += 1
            note("PID \(former.pid) passes from tick \(former.startTicks) to \(successor.startTicks)")
            if random.happens(inPercent: 15) {
                // One request a step: what its client knows is checked before the next.
                return try await lease(isAlice: isAlice, owner: successor)
            }
        }
    }

    func toggleSocket() {
        let port = random.pick(SimulatedHost.ports)
        host.toggle(port)
        note("port \(port) is \(host.bound.contains(port) ? "bound" : "let go")")
    }

    /// The wall clock is set, up to ten years forward or back.
    func stepWallClock() {
        let step = Int64.random(in: -315_360_000_000...315_360_000_000, using: &random)
        host.clock.stepWall(milliseconds: step)
        report.clockSteps += 1
        note("the wall clock goes by \(step) ms")
    }
}
