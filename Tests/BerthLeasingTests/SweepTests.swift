import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Testing

@Suite struct `A sweep by hand` {
    private func summary(_ decisions: [SweepDecision]) -> [String] {
        decisions.map { decision in
            let lease = decision.lease.map { " lease \($0)" } ?? ""
            let process = decision.pid.map { " \(decision.agent?.rawValue ?? "owner") \($0)" } ?? ""
            return "\(decision.action.rawValue)\(lease) \(decision.block.map(\.description) ?? "-")\(process)"
        }
    }

    @Test func `tells what it would do, changes nothing, and then does just that`() async throws {
        let host = try await TestManager.start(size: 12)
        for pid in Int32(40)..<44 { host.processes.start(pid) }
        let dead = try await host.lease("dead", 2) { $0.owner = .pid(40) }
        let kept = try await host.lease("kept", 2) { $0.owner = .pid(41) }
        _ = try await host.manager.attach("server", .pid(42), port: nil, to: kept.id, ChangeContext(caller: .alice))
        let late = try await host.lease("late", 1) { $0.ttl = .seconds(1) }
        try await host.lease("fine", 1) { $0.owner = .pid(43) }
        host.processes.end(40)
        host.processes.end(41)
        host.clock.advance(milliseconds: 1000)
        let wanted = [
            "exit lease \(dead.id) 20000-20001 owner 40", "orphan lease \(dead.id) 20000-20001",
            "exit lease \(kept.id) 20002-20003 owner 41", "expire lease \(late.id) 20004",
        ]
        #expect(summary(try await host.manager.reap(dryRun: true)) == wanted)
        #expect(try await host.end(of: dead) == nil)
        #expect(try await host.end(of: late) == nil)
        // What it just sent to rest is looked at as well.
        let resting = ["20000", "20001", "20004"].map { port in
            "keep lease \(port == "20004" ? late.id : dead.id) \(port)"
        }
        #expect(summary(try await host.manager.reap(dryRun: false)) == wanted + resting)
        #expect(try await host.end(of: dead) == .orphaned)
        #expect(try await host.end(of: late) == .expired)
        let again = try await host.manager.reap(dryRun: true)
        #expect(summary(again) == ["keep lease \(kept.id) 20002-20003"] + resting)
        #expect(again.first?.evidence == "its owner has ended, but it has live agents: server (PID 42)")
        #expect(again.last?.evidence == "nothing is bound to it; it rests for 2000 ms more")
    }

    @Test func `recovers what has rested and names what is bound`() async throws {
        let host = try await TestManager.start(size: 3)
        host.processes.start(40)
        try await host.lease("a", 2) { $0.owner = .pid(40) }
        host.processes.end(40)
        _ = try await host.manager.reap(dryRun: false)
        host.probe.bind(20_001, pid: 77, command: "python3")
        host.clock.advance(milliseconds: 2000)
        let decisions = try await host.manager.reap(dryRun: false)
        #expect(summary(decisions) == ["recover lease 1 20000", "keep lease 1 20001"])
        #expect(decisions.last?.evidence == "bound: tcp 127.0.0.1 by python3 (PID 77)")
        #expect(try await host.state(of: 20_000) == .free)
    }
}
