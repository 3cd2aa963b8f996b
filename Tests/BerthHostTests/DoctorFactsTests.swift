import BerthCore
import BerthTestSupport
import Glibc
import Synchronization
import Testing

@testable import BerthHost

@Suite struct `Facts for berth doctor` {
    @Test func `tell every bound port, TCP and UDP`() throws {
        let tcp = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"))
        try tcp.listen()
        let udp = try TestSocket.bind(.udp, .ipv6("::1"))
        let ports = try (tcp.port(), udp.port())
        let bound = BoundPorts.read()
        #expect(bound.contains(ports.0) && bound.contains(ports.1))
    }

    @Test func `leave out sockets that no process has open, and broken lines`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100
               1: 0100007F:1F91 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
               2: 0100007F:GGGG 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100
               3: nonsense
            """
        #expect(BoundPorts.parse(Array(table.utf8)).map(\.number) == [8080])
    }

    @Test func `read the locks that are held for writing`() {
        let table = """
            1: POSIX  ADVISORY  WRITE 11 fe:00:5 0 EOF
            2: FLOCK  ADVISORY  WRITE 22 fe:00:131090 0 EOF
            2: -> FLOCK  ADVISORY  WRITE 33 fe:00:131090 0 EOF
            3: FLOCK  ADVISORY  READ 44 fe:00:131090 0 EOF
            4: FLOCK  ADVISORY  WRITE x fe:00:1 0 EOF
            """
        #expect(LockHolder.parse(table) == [LockHolder.Lock(pid: 22, device: "fe:00", inode: 131_090)])
        #expect(LockHolder.deviceText(0xfe00) == "fe:00" && LockHolder.deviceText(0x10_0801) == "08:101")
    }

    @Test func `tell who holds a lock file, without taking the lock`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("lock")
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        _ = "12345\n".withCString { write(file, $0, 6) }
        let free = try #require(try LockHolder.read(path))
        #expect(free.holder == nil && free.written == 12_345)
        try #require(flock(file, LOCK_EX | LOCK_NB) == 0)
        let held = try #require(try LockHolder.read(path))
        #expect(held.holder == getpid() && held.written == 12_345 && held.command != nil)
        TestChild.spawning.withLock { _ in _ = close(file) }
        // A child that another test starts just now has a copy until it becomes its program.
        let isFree = try eventually { try LockHolder.read(path)?.holder == nil }
        #expect(isFree)
        #expect(try LockHolder.read("/tmp/berth-no-such-file.lock") == nil)
    }

    @Test func `tell modes and kinds of files, without following links`() throws {
        #expect(try FileStatus.read("/")?.kind == .folder)
        #expect(try FileStatus.read("/proc/self/exe")?.kind == .link)
        #expect(try FileStatus.read("/proc/self/status")?.mode == 0o444)
        #expect(try FileStatus.read("/no/such/file") == nil)
    }

    @Test func `tell the room on a disk`() throws {
        #expect(try DiskRoom.read("/tmp").freeBytes > 0)
        #expect(throws: SystemError.self) { try DiskRoom.read("/no/such/folder") }
    }

    @Test func `read limits of open files`() throws {
        let own = try #require(FileDescriptorLimit.read())
        #expect(own.soft <= own.hard && own.hard > 0)
        let text = "Limit    Soft  Hard\nMax open files            1024                 unlimited            files\n"
        let parsed = try #require(FileDescriptorLimit.parse(text))
        #expect(parsed.soft == 1024 && parsed.hard == .max)
        #expect(FileDescriptorLimit.parse("Max open files") == nil)
        #expect(FileDescriptorLimit.parse("Max open files4 0") == nil)
        #expect(FileDescriptorLimit.read(of: -1) == nil)
    }

    @Test func `agree with the kernel's version on what it can tell of processes`() throws {
        let can = ProcessAbilities.read()
        let numbers = try #require(can.kernel).split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        let version = numbers[0] * 1000 + numbers[1]
        if can.hasInodes { #expect(version >= 6009 && can.hasPIDFDs) }
        if can.hasPeerPIDFDs { #expect(version >= 6005) }
    }
}
