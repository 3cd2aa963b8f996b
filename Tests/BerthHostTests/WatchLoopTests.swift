import BerthCore
import CBerthLinux
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(1))) struct `Racing with a death` {
    private let table: LinuxProcessTable
    private let loop: WatchLoop

    init() throws {
        table = try LinuxProcessTable(clock: LinuxClock())
        loop = try WatchLoop(maximum: 10)
    }

    private func sleeper() throws -> (child: TestChild, identity: ProcessIdentity) {
        let child = try TestChild("/bin/sleep", "600")
        return (child, try #require(table.identify(child.pid)))
    }

    private func add(_ process: ProcessIdentity) throws -> WatchOutcome {
        let pidfd = berth_pidfd_open(process.pid)
        try #require(pidfd >= 0)
        return loop.add(process, PIDFD(adopting: pidfd, access: ProcessAccess()))
    }

    @Test func `a death on its way finds nothing once it is forgotten`() throws {
        let (child, first) = try sleeper()
        let (kept, second) = try sleeper()
        #expect(try add(first) == .watching)
        child.end()
        let onTheWay = try loop.wait()
        #expect(onTheWay.count == 1)
        loop.remove(first)
        // It gets the number of the descriptor that was closed just now.
        #expect(try add(second) == .watching)
        #expect(loop.take(onTheWay) == [])
        #expect(loop.count == 1)
        kept.end()
        #expect(try loop.take(loop.wait()) == [second])
    }

    @Test func `a death on its way is told once when the process is watched again`() throws {
        let (child, identity) = try sleeper()
        #expect(try add(identity) == .watching)
        try child.becomeZombie()
        let onTheWay = try loop.wait()
        #expect(try add(identity) == .watching, "it is watched still, and will be told")
        #expect(loop.take(onTheWay) == [identity])
        #expect(try add(identity) == .ended, "it was told")
        #expect(loop.count == 0)
        loop.end()
        #expect(try loop.take(loop.wait()) == [])
    }

    @Test func `a process that was forgotten with its death on its way comes back no more`() throws {
        let (child, identity) = try sleeper()
        #expect(try add(identity) == .watching)
        try child.becomeZombie()
        let onTheWay = try loop.wait()
        loop.remove(identity)
        #expect(try add(identity) == .ended)
        #expect(loop.take(onTheWay) == [])
        loop.end()
        #expect(try loop.take(loop.wait()) == [])
    }

    @Test func `several who watch one process hear of its death once`() async throws {
        let watch = try LinuxProcessWatch(processes: table, maximumDescriptors: 1000)
        var due: Set<ProcessIdentity> = []
        for _ in 0..<200 {
            let (child, identity) = try sleeper()
            let outcomes = await withTaskGroup(of: WatchOutcome.self) { group in
                for index in 0..<4 {
                    group.addTask {
                        if index == 1 { kill(identity.pid, SIGKILL) }
                        return watch.watch(identity)
                    }
                }
                return await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(outcomes.isSubset(of: [.watching, .ended]))
            if outcomes.contains(.watching) { due.insert(identity) }
            child.end()
        }
        // All are dead, so each one told later would be one too many.
        #expect(eventually { watch.watchedCount == 0 })
        watch.close()
        var told: [ProcessIdentity] = []
        for await death in watch.deaths { told.append(death) }
        #expect(told.count == due.count)
        #expect(Set(told) == due)
    }
}
