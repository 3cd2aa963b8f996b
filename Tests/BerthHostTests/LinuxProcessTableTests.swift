import BerthCore
import BerthHost
import Glibc
import Testing

@Suite struct `Telling processes apart` {
    private let clock: LinuxClock
    private let table: LinuxProcessTable

    init() throws {
        clock = try LinuxClock()
        table = try LinuxProcessTable(clock: clock)
    }

    private func with(
        _ identity: ProcessIdentity, bootID: BootID? = nil, namespace: UInt64? = nil, ticks: UInt64? = nil,
        inode: UInt64? = nil
    ) -> ProcessIdentity {
        ProcessIdentity(
            bootID: bootID ?? identity.bootID, pidNamespace: namespace ?? identity.pidNamespace, pid: identity.pid,
            startTicks: ticks ?? identity.startTicks, pidfsInode: inode)
    }

    @Test func `identifies itself, the same each time`() throws {
        let own = try #require(table.identify(getpid()))
        #expect(own.pid == getpid())
        #expect(own.bootID == clock.bootID)
        #expect(table.identify(getpid()) == own)
        #expect(table.isAlive(own))
        #expect(table.user(of: getpid()) == getuid())
    }

    @Test func `sees a child die, as a zombie already`() throws {
        let child = try TestChild("/bin/sleep", "60")
        let identity = try #require(table.identify(child.pid))
        #expect(table.isAlive(identity))
        #expect(table.user(of: child.pid) == getuid())
        try child.becomeZombie()
        #expect(kill(child.pid, 0) == 0, "a zombie still has its number")
        #expect(!table.isAlive(identity))
        #expect(table.identify(child.pid) == nil)
        #expect(table.user(of: child.pid) == nil)
        child.end()
        #expect(!table.isAlive(identity))
        #expect(table.identify(child.pid) == nil)
    }

    @Test func `takes no other process for this one`() throws {
        let own = try #require(table.identify(getpid()))
        #expect(!table.isAlive(with(own, ticks: own.startTicks + 1)))
        #expect(!table.isAlive(with(own, bootID: BootID("another"))))
        #expect(table.isAlive(with(own)), "an identity from a kernel without pidfs")
        if own.pidfsInode != nil { #expect(!table.isAlive(with(own, inode: 1))) }
    }

    @Test func `takes a process of another namespace for alive`() throws {
        let own = try #require(table.identify(getpid()))
        #expect(table.isAlive(with(own, namespace: 1, ticks: own.startTicks + 1)))
        #expect(!table.isAlive(with(own, bootID: BootID("another"), namespace: 1)))
    }

    @Test func `knows no process by a thread's number`() throws {
        let thread = try TestThread()
        defer { thread.end() }
        #expect(thread.number != getpid())
        #expect(access("/proc/\(thread.number)/stat", F_OK) == 0, "the thread lives")
        #expect(table.identify(thread.number) == nil)
        #expect(table.user(of: thread.number) == nil)
    }

    @Test(arguments: [0, -1, .min, .max]) func `knows no process by an impossible number`(_ pid: Int32) {
        #expect(table.identify(pid) == nil)
        #expect(table.user(of: pid) == nil)
    }

    @Test func `says when a process started`() throws {
        let before = clock.now().wall
        let child = try TestChild("/bin/sleep", "60")
        let after = clock.now().wall
        let identity = try #require(table.identify(child.pid))
        let started = try #require(table.startInstant(of: identity))
        // A tick is 10 ms, and both clocks are rounded to milliseconds.
        #expect(started >= before.advanced(byMilliseconds: -12))
        #expect(started <= after.advanced(byMilliseconds: 2))
        #expect(table.startInstant(of: with(identity, bootID: BootID("another"))) == nil)
        #expect(table.startInstant(of: with(identity, ticks: .max)) == nil)
    }
}
