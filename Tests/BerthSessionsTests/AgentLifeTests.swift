import BerthCore
import Testing

@testable import BerthSessions

@Suite struct `The life of an agent` {
    private let start = BootTime(milliseconds: 100_000)
    private let rule = RestartRule(policy: .onFailure, backoffSeconds: 1, maxBackoffSeconds: 8)

    private func process(_ pid: Int32) -> ProcessIdentity {
        ProcessIdentity(bootID: BootID("boot-1"), pidNamespace: 7, pid: pid, startTicks: UInt64(pid), pidfsInode: nil)
    }

    @Test func `fails the start when its process ends before it answered, whatever the policy`() {
        for policy in RestartRule.Policy.allCases {
            var life = AgentLife.starting(process(1))
            let rule = RestartRule(policy: policy, backoffSeconds: 1, maxBackoffSeconds: 8)
            #expect(life.exited(process(1), .exited(0), at: start, rule: rule) == .failStart)
            #expect(life == .ended(.exited(0)))
        }
    }

    @Test func `is not changed by the end of a process that it no longer has`() {
        for before: AgentLife in [
            .starting(process(2)), .running(process(2), since: start, restarts: 0), .stopped,
            .waiting(until: start, restarts: 1), .ended(.exited(1)),
        ] {
            var life = before
            #expect(life.exited(process(1), .exited(1), at: start, rule: rule) == .nothing)
            #expect(life == before)
        }
    }

    @Test(arguments: [
        (RestartRule.Policy.always, AgentEnd.exited(0), true), (.always, .signalled(9), true),
        (.onFailure, .exited(0), false), (.onFailure, .exited(1), true), (.onFailure, .signalled(15), true),
        (.onFailure, .unknown, true), (.never, .exited(1), false), (.never, .unknown, false),
    ])
    func `goes on by its policy`(policy: RestartRule.Policy, end: AgentEnd, isRestarted: Bool) {
        var life = AgentLife.running(process(1), since: start, restarts: 0)
        let rule = RestartRule(policy: policy, backoffSeconds: 1, maxBackoffSeconds: 8)
        let sequel = life.exited(process(1), end, at: start, rule: rule)
        #expect(sequel == (isRestarted ? .restart(afterMilliseconds: 1000) : .nothing))
        #expect(life.process == nil)
    }

    @Test func `waits twice as long each time, up to the bound, until it runs for as long as that`() {
        var life = AgentLife.running(process(1), since: start, restarts: 0)
        var now = start
        var waits: [Int64] = []
        for pid in Int32(1)...6 {
            guard case .restart(let wait) = life.exited(process(pid), .exited(1), at: now, rule: rule) else {
                Issue.record("it was not started again")
                return
            }
            waits.append(wait)
            now = now.advanced(byMilliseconds: wait)
            #expect(life == .waiting(until: now, restarts: Int(pid)))
            life.restarted(process(pid + 1), at: now)
        }
        #expect(waits == [1000, 2000, 4000, 8000, 8000, 8000])
        now = now.advanced(byMilliseconds: 7_999)
        var short = life
        #expect(short.exited(process(7), .exited(1), at: now, rule: rule) == .restart(afterMilliseconds: 8000))
        now = now.advanced(byMilliseconds: 1)
        #expect(life.exited(process(7), .exited(1), at: now, rule: rule) == .restart(afterMilliseconds: 1000))
    }

    @Test func `waits longer when the next process cannot be made`() {
        var life = AgentLife.waiting(until: start, restarts: 1)
        #expect(life.failedAgain(at: start, rule: rule) == .restart(afterMilliseconds: 2000))
        #expect(life.failedAgain(at: start, rule: rule) == .restart(afterMilliseconds: 4000))
        var stopped = AgentLife.stopped
        #expect(stopped.failedAgain(at: start, rule: rule) == .nothing)
    }

    @Test func `answers once, and a stopped one never`() {
        var life = AgentLife.starting(process(1))
        life.answered(at: start)
        #expect(life == .running(process(1), since: start, restarts: 0))
        var stopped = AgentLife.stopped
        stopped.answered(at: start)
        stopped.restarted(process(1), at: start)
        #expect(stopped == .stopped)
    }

    @Test func `may have a back-off so short that it rounds to nothing`() {
        let rule = RestartRule(policy: .always, backoffSeconds: 0.0001, maxBackoffSeconds: 0.0001)
        #expect(rule.backoffMilliseconds(afterRestarts: 1000) == 0)
    }
}
