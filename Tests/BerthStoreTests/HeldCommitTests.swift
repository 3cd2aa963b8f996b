import BerthCore
import BerthStore
import BerthTestSupport
import Synchronization
import Testing

@Suite struct `A commit that the disk holds` {
    @Test func `keeps everybody in it waiting for their answer`() async throws {
        let disk = try FaultDisk()
        let clock = ManualClock()
        let test = try await TestStore.open(
            [.test], folder: disk.folder, clock: clock, processes: FakeProcessTable(clock: clock),
            file: DatabaseFile(path: disk.path))
        test.commits.forget()
        let gate = try await Gate.closed(on: test.store)
        let answered = Mutex(0)
        let tasks = gate.inOrder(count: 3) { number in
            defer { answered.withLock { $0 += 1 } }
            return try await test.lease(Wish(first: 20_000 + 10 * number)).id
        }
        disk.holdSyncs(true)
        defer { disk.holdSyncs(false) }
        gate.open()
        #expect(await eventually { disk.heldSyncs == 1 })
        #expect(answered.withLock { $0 } == 0, "a caller was answered before the commit was durable")
        #expect(test.commits.batchSizes.reduce(0, +) <= 1)
        disk.holdSyncs(false)
        for (number, task) in tasks.enumerated() { #expect(try await task.value == LeaseID(Int64(number + 1))) }
        try test.stop()
    }
}
