import BerthCore
import BerthTestSupport
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(2))) struct `The stop of an agent` {
    private let patient: Int64 = 20_000

    @Test func `is by its signal, and its exit status is told once`() async throws {
        let house = try AgentHouse()
        let script = "trap 'echo bye; exit 5' USR1; echo up; while :; do sleep 0.01; done"
        try await house.run(house.order(["sh", "-c", script])) { process async throws in
            #expect(try await becomesTrue { try house.text() == "up\n" })
            #expect(house.launcher.reap(process) == nil)
            // The shell's sleep gets the signal too, which has no other effect than its end.
            #expect(await house.launcher.stop(process, signal: SIGUSR1, graceMilliseconds: patient) == .ended)
            #expect(try house.text().hasSuffix("bye\n"))
            #expect(house.launcher.reap(process) == .exited(5))
            #expect(house.launcher.reap(process) == .unknown)
            #expect(await house.launcher.stop(process, signal: SIGUSR1, graceMilliseconds: patient) == .gone)
        }
    }

    @Test func `kills what is left after the grace, grandchildren too`() async throws {
        let house = try AgentHouse()
        // What ignores a signal has its children ignore it.
        let script = "sh -c 'trap \"\" TERM; sleep 600 & echo $!; wait' & sleep 600 & echo $!; wait"
        try await house.run(house.order(["sh", "-c", script])) { process async throws in
            let numbers = try await house.numbers(2)
            #expect(numbers.count == 2)
            let outcome = await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: 5000)
            // A shell and its sleep ignore SIGTERM; on a busy host others may be too slow.
            #expect([.killed(2), .killed(3)].contains(outcome), "\(outcome)")
            #expect(numbers.filter(lives) == [])
            #expect(house.left(of: process) == [])
            #expect(house.launcher.reap(process) == .signalled(SIGTERM))
        }
    }

    @Test func `reaches one that is stopped`() async throws {
        let house = try AgentHouse()
        try await house.run(house.order(["sleep", "600"])) { process async throws in
            kill(process.pid, SIGSTOP)
            #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: patient) == .ended)
        }
    }

    @Test func `reaches children whose parent has ended`() async throws {
        let house = try AgentHouse()
        let script = "sleep 600 & echo $!; exit 3"
        try await house.run(house.order(["sh", "-c", script])) { process async throws in
            let numbers = try await house.numbers(1)
            #expect(await becomesTrue { !house.table.isAlive(process) })
            #expect(numbers.filter(lives) == numbers)
            #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: patient) == .ended)
            #expect(numbers.filter(lives) == [])
            #expect(house.launcher.reap(process) == .exited(3))
        }
    }

    @Test func `reaches descendants that made themselves a session of their own`() async throws {
        let house = try AgentHouse()
        let script = "setsid sh -c 'echo $$; exec sleep 600' & wait"
        try await house.run(house.order(["sh", "-c", script])) { process async throws in
            let numbers = try await house.numbers(1)
            #expect(numbers.map { getsid($0) } == numbers)
            #expect(await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: patient) == .ended)
            #expect(numbers.filter(lives) == [])
        }
    }

    @Test func `ends one that makes processes all the time`() async throws {
        let house = try AgentHouse()
        let script = "trap '' TERM; echo up; while :; do sleep 600 & sleep 0.02; done"
        try await house.run(house.order(["sh", "-c", script])) { process async throws in
            #expect(try await becomesTrue { try !house.text().isEmpty })
            let outcome = await house.launcher.stop(process, signal: SIGTERM, graceMilliseconds: 50)
            guard case .killed = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(house.left(of: process) == [])
        }
    }

    @Test func `touches no process that has only the session of somebody else`() async throws {
        let house = try AgentHouse()
        try await house.run(house.order(["sleep", "600"])) { stranger async throws in
            // As if an agent had had the stranger's number before.
            let former = ProcessIdentity(
                bootID: stranger.bootID, pidNamespace: stranger.pidNamespace, pid: stranger.pid,
                startTicks: stranger.startTicks - 1, pidfsInode: nil)
            #expect(await house.launcher.stop(former, signal: SIGKILL, graceMilliseconds: 0) == .gone)
            let later = ProcessIdentity(
                bootID: stranger.bootID, pidNamespace: stranger.pidNamespace, pid: stranger.pid,
                startTicks: stranger.startTicks + 1, pidfsInode: nil)
            #expect(await house.launcher.stop(later, signal: SIGKILL, graceMilliseconds: 0) == .gone)
            let earlierBoot = ProcessIdentity(
                bootID: BootID("6f1c1f0e-2b9a-4f0e-8c55-000000000001"),
                pidNamespace: stranger.pidNamespace, pid: stranger.pid, startTicks: stranger.startTicks,
                pidfsInode: nil)
            #expect(await house.launcher.stop(earlierBoot, signal: SIGKILL, graceMilliseconds: 0) == .gone)
            #expect(house.table.isAlive(stranger))
        }
    }

    @Test func `of many agents at once is each one's own`() async throws {
        let house = try AgentHouse()
        let prepared = try (0..<6).map { _ in try house.launcher.prepare(house.order(["sleep", "600"])) }
        for agent in prepared { try await agent.go() }
        await withTaskGroup(of: Void.self) { group in
            for agent in prepared.dropFirst() {
                group.addTask {
                    let outcome = await house.launcher.stop(
                        agent.process, signal: SIGTERM, graceMilliseconds: 20_000)
                    #expect(outcome == .ended)
                }
            }
        }
        #expect(prepared.map { house.table.isAlive($0.process) } == [true, false, false, false, false, false])
        #expect(await house.launcher.stop(prepared[0].process, signal: SIGTERM, graceMilliseconds: patient) == .ended)
    }
}
