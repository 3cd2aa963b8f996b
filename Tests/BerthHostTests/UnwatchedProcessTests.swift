import BerthCore
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(1))) struct `Processes that can't be watched` {
    private let clock: LinuxClock
    private let child: TestChild
    private let identity: ProcessIdentity

    init() throws {
        clock = try LinuxClock()
        child = try TestChild("/bin/sleep", "600")
        identity = try #require(try LinuxProcessTable(clock: clock).identify(child.pid))
    }

    private func watch(_ access: ProcessAccess = ProcessAccess(), atMost maximum: Int = 10) throws -> LinuxProcessWatch
    {
        let table = try LinuxProcessTable(clock: clock, access: access)
        return try LinuxProcessWatch(processes: table, maximumDescriptors: maximum)
    }

    private func with(
        bootID: BootID? = nil, namespace: UInt64? = nil, ticks: UInt64? = nil, inode: UInt64? = nil
    ) -> ProcessIdentity {
        ProcessIdentity(
            bootID: bootID ?? identity.bootID, pidNamespace: namespace ?? identity.pidNamespace, pid: identity.pid,
            startTicks: ticks ?? identity.startTicks, pidfsInode: inode)
    }

    @Test func `another process with the number means that this one has ended`() throws {
        let watch = try watch()
        #expect(watch.watch(with(bootID: BootID("another"))) == .ended)
        #expect(watch.watch(with(bootID: BootID("another"), namespace: 1)) == .ended)
        #expect(watch.watch(with(ticks: identity.startTicks + 1)) == .ended)
        if identity.pidfsInode != nil { #expect(watch.watch(with(inode: 1)) == .ended) }
        #expect(watch.watch(with(namespace: 1)) == .unwatched)
        #expect(watch.watch(with()) == .watching, "an identity from a kernel without pidfs")
        #expect(watch.watchedCount == 1)
    }

    @Test(arguments: [0, -1, .min, .max]) func `an impossible number is nobody's`(_ pid: Int32) throws {
        let nobody = ProcessIdentity(
            bootID: identity.bootID, pidNamespace: identity.pidNamespace, pid: pid, startTicks: 1, pidfsInode: nil)
        #expect(try watch().watch(nobody) == .ended)
    }

    @Test(arguments: [ENOSYS, EPERM, EMFILE, ENFILE, ENOMEM])
    func `without a pidfd the start time tells`(_ number: Int32) throws {
        var access = ProcessAccess()
        access.openPIDFD = { _ in -number }
        let table = try LinuxProcessTable(clock: clock, access: access)
        let watch = try watch(access)
        #expect(table.identify(child.pid) == with())
        #expect(watch.watch(identity) == .unwatched)
        #expect(watch.watch(with(ticks: identity.startTicks + 1)) == .ended)
        try child.becomeZombie()
        #expect(watch.watch(identity) == .ended)
        child.end()
        #expect(watch.watch(identity) == .ended)
        #expect(watch.watchedCount == 0)
    }

    @Test func `without inodes the start time tells`() async throws {
        var access = ProcessAccess()
        access.hasInodes = false
        let table = try LinuxProcessTable(clock: clock, access: access)
        let watch = try watch(access)
        #expect(table.identify(child.pid) == with())
        #expect(watch.watch(with(ticks: identity.startTicks + 1, inode: identity.pidfsInode)) == .ended)
        #expect(watch.watch(identity) == .watching)
        child.end()
        for await death in watch.deaths {
            #expect(death == identity)
            watch.close()
        }
        #expect(watch.watch(identity) == .ended)
    }

    @Test func `where /proc is hidden the inode tells, and nothing else`() throws {
        let known = try #require(identity.pidfsInode, "this kernel has no pidfs; nothing to test")
        var access = ProcessAccess()
        access.folder = "/proc/hidden"
        let watch = try watch(access)
        #expect(watch.watch(with()) == .unwatched)
        #expect(watch.watch(identity) == .watching)
        #expect(watch.watch(with(inode: known + 1)) == .ended)
        access.hasInodes = false
        #expect(try self.watch(access).watch(identity) == .unwatched)
        child.end()
        #expect(try self.watch(access).watch(identity) == .ended)
    }

    @Test func `a process past the greatest number has to wait for room`() throws {
        let watch = try watch(atMost: 1)
        let other = try TestChild("/bin/sleep", "600")
        let second = try #require(try LinuxProcessTable(clock: clock).identify(other.pid))
        #expect(watch.watch(identity) == .watching)
        #expect(watch.watch(second) == .unwatched)
        #expect(watch.watch(identity) == .watching)
        watch.forget(identity)
        #expect(watch.watch(second) == .watching)
        #expect(watch.watch(identity) == .unwatched)
        child.end()
        #expect(watch.watch(identity) == .ended, "that it is dead, it may know also when there is no room")
    }

    @Test func `used-up descriptors leave the rest unwatched, until there are some again`() throws {
        let process = try TestProcess("descriptors")
        let lines = process.lines()
        #expect(lines.count == 3)
        let outcomes = lines.first?.split(separator: " ").dropFirst() ?? []
        #expect(outcomes.count == 8)
        #expect(outcomes.last == "unwatched")
        #expect(outcomes.allSatisfy { $0 == "watching" || $0 == "unwatched" })
        #expect(lines.dropFirst().first == "again:" + String(repeating: " watching", count: 8))
        #expect(lines.last == "told: true")
    }
}
