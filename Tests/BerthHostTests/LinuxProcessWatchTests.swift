import BerthCore
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(1))) struct `Watching processes` {
    private let table: LinuxProcessTable
    private let watch: LinuxProcessWatch

    init() throws {
        table = try LinuxProcessTable(clock: LinuxClock())
        watch = try LinuxProcessWatch(processes: table, maximumDescriptors: 100)
    }

    private func sleeper() throws -> (child: TestChild, identity: ProcessIdentity) {
        let child = try TestChild("/bin/sleep", "600")
        return (child, try #require(table.identify(child.pid)))
    }

    /// Everything that is still to be told after the watch is closed.
    private func rest() async -> [ProcessIdentity] {
        watch.close()
        var rest: [ProcessIdentity] = []
        for await death in watch.deaths { rest.append(death) }
        return rest
    }

    /// The next death. The stream has one consumer, so no two calls overlap.
    private func next() async -> ProcessIdentity? {
        for await death in watch.deaths { return death }
        return nil
    }

    @Test func `tells a death once, of a zombie already`() async throws {
        let (child, identity) = try sleeper()
        #expect(watch.watch(identity) == .watching)
        #expect(watch.watch(identity) == .watching)
        #expect(watch.watchedCount == 1)
        try child.becomeZombie()
        #expect(await next() == identity)
        #expect(watch.watchedCount == 0)
        #expect(watch.watch(identity) == .ended)
        child.end()
        #expect(watch.watch(identity) == .ended)
        #expect(await rest() == [])
    }

    @Test func `tells deaths in their order`() async throws {
        let all = try (0..<20).map { _ in try sleeper() }
        for one in all { #expect(watch.watch(one.identity) == .watching) }
        var told: [ProcessIdentity] = []
        for one in all.reversed() {
            one.child.end()
            if let death = await next() { told.append(death) }
        }
        #expect(told == all.reversed().map(\.identity))
        #expect(await rest() == [])
    }

    @Test func `tells no death of a forgotten process`() async throws {
        let (forgotten, first) = try sleeper()
        let (kept, second) = try sleeper()
        #expect(watch.watch(first) == .watching)
        #expect(watch.watch(second) == .watching)
        watch.forget(first)
        watch.forget(first)
        #expect(watch.watchedCount == 1)
        forgotten.end()
        kept.end()
        #expect(await next() == second)
        #expect(await rest() == [])
    }

    @Test func `watches a process again that was forgotten`() async throws {
        let (child, identity) = try sleeper()
        for _ in 0..<10 {
            #expect(watch.watch(identity) == .watching)
            watch.forget(identity)
        }
        #expect(watch.watch(identity) == .watching)
        child.end()
        #expect(await next() == identity)
        #expect(await rest() == [])
    }

    @Test func `goes on over an exec, also one of another thread`() async throws {
        let process = try TestProcess("exec-from-thread")
        #expect(process.line() == "ready")
        let identity = try #require(table.identify(process.pid))
        #expect(watch.watch(identity) == .watching)
        process.say("go on")
        // Now it is cat(1), which says again what it hears.
        process.say("still here")
        #expect(process.line() == "still here")
        #expect(table.identify(process.pid) == identity)
        #expect(watch.watch(identity) == .watching)
        #expect(watch.wakeUps == 0)
        process.end()
        #expect(await next() == identity)
        #expect(await rest() == [])
    }

    @Test func `takes a process for alive until its last thread is gone`() async throws {
        let process = try TestProcess("leader-exits")
        #expect(process.line() == "leader has ended")
        let identity = try #require(table.identify(process.pid), "the leader alone is a zombie")
        #expect(watch.watch(identity) == .watching)
        #expect(table.isAlive(identity))
        #expect(watch.wakeUps == 0)
        process.say("end")
        #expect(await next() == identity)
        #expect(!table.isAlive(identity))
        #expect(await rest() == [])
    }

    @Test func `goes on watching when the leader ends later`() async throws {
        let process = try TestProcess("leader-exits")
        let identity = try #require(table.identify(process.pid))
        #expect(watch.watch(identity) == .watching)
        #expect(process.line() == "leader has ended")
        #expect(table.isAlive(identity))
        #expect(watch.wakeUps == 0)
        process.end()
        #expect(await next() == identity)
        #expect(await rest() == [])
    }

    @Test func `ends with its closing, and watches nothing after it`() async throws {
        let (child, identity) = try sleeper()
        #expect(watch.watch(identity) == .watching)
        #expect(await rest() == [])
        #expect(watch.watchedCount == 0)
        #expect(watch.watch(identity) == .unwatched)
        watch.forget(identity)
        watch.close()
        child.end()
        #expect(await next() == nil)
    }
}
