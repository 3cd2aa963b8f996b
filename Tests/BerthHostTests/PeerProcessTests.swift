import BerthCore
import BerthTestSupport
import CBerthLinux
import Glibc
import Testing

@testable import BerthHost

@Suite(.timeLimit(.minutes(1))) final class `Naming the process at the other end` {
    private let clock: LinuxClock
    private let table: LinuxProcessTable
    private let folder: TemporaryFolder
    private let listener: TestListener

    init() throws {
        clock = try LinuxClock()
        table = try LinuxProcessTable(clock: clock)
        folder = try TemporaryFolder(in: "/tmp")
        listener = try TestListener(path: folder.file("socket"))
    }

    /// A process that has connected, and our end of its connection.
    private func connected() throws -> (process: TestProcess, peer: Int32) {
        let process = try TestProcess("connect", folder.file("socket"))
        #expect(process.line() == "connected")
        return (process, try listener.accept())
    }

    private func now() -> BootTime { clock.now().boot }

    /// As the kernel before SO_PEERPIDFD answers.
    private func identifyByPID(_ pid: Int32, acceptedAt: BootTime) -> ProcessIdentity? {
        PeerProcess.identify(pidfd: -ENOPROTOOPT, pid: pid, acceptedAt: acceptedAt, in: table)
    }

    @Test func `names a peer that lives`() throws {
        let (process, peer) = try connected()
        defer { close(peer) }
        let expected = try #require(table.identify(process.pid))
        #expect(try PeerProcess.identify(descriptor: peer, acceptedAt: now(), in: table) == expected)
        #expect(identifyByPID(process.pid, acceptedAt: now()) == expected)
    }

    @Test func `names no peer that has ended, as a zombie already`() throws {
        let (process, peer) = try connected()
        defer { close(peer) }
        process.say("end")
        var byte: UInt8 = 0
        // The end of the connection comes before the end of the process.
        #expect(read(peer, &byte, 1) == 0)
        #expect(eventually { table.identify(process.pid) == nil })
        #expect(try PeerProcess.identify(descriptor: peer, acceptedAt: now(), in: table) == nil)
        #expect(identifyByPID(process.pid, acceptedAt: now()) == nil)
        process.end()
        #expect(try PeerProcess.identify(descriptor: peer, acceptedAt: now(), in: table) == nil)
        #expect(identifyByPID(process.pid, acceptedAt: now()) == nil)
    }

    @Test func `takes no process for the peer that another descriptor is of`() throws {
        let (process, peer) = try connected()
        defer { close(peer) }
        let other = try TestChild("/bin/sleep", "600")
        // Kernels with inodes see that pidfd and PID differ; before, both come from one socket and can't.
        if let inode = table.identify(process.pid)?.pidfsInode {
            let pidfd = ProcessAccess().openPIDFD(process.pid)
            #expect(PeerProcess.identify(pidfd: pidfd, pid: other.pid, acceptedAt: now(), in: table) == nil)
            var found: UInt64 = 0
            #expect(berth_pidfd_inode(pidfd, &found) != 1 || found != inode, "it is closed in any case")
        }
        // The peer has ended, and its number is another's now.
        let pidfd = ProcessAccess().openPIDFD(process.pid)
        process.end()
        #expect(PeerProcess.identify(pidfd: pidfd, pid: other.pid, acceptedAt: now(), in: table) == nil)
    }

    @Test func `by the PID alone, takes only who had started when the connection was made`() throws {
        let own = try #require(table.identify(getpid()))
        let perTick = 1000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
        let tick = Int64(own.startTicks) * perTick
        #expect(identifyByPID(own.pid, acceptedAt: BootTime(milliseconds: tick - 1)) == nil)
        #expect(identifyByPID(own.pid, acceptedAt: BootTime(milliseconds: tick)) == own)
        #expect(identifyByPID(own.pid, acceptedAt: BootTime(milliseconds: tick + perTick)) == own)
        #expect(identifyByPID(own.pid, acceptedAt: BootTime(milliseconds: .max)) == own)
        #expect(identifyByPID(own.pid, acceptedAt: BootTime(milliseconds: .min)) == nil)
    }

    @Test(arguments: [ESRCH, EINVAL, ENOENT, ENODATA])
    func `takes the kernel's word that the peer is gone`(_ number: Int32) {
        #expect(PeerProcess.identify(pidfd: -number, pid: getpid(), acceptedAt: now(), in: table) == nil)
    }

    @Test func `names nobody for a PID that means nothing here`() throws {
        #expect(identifyByPID(0, acceptedAt: now()) == nil)
        let pidfd = ProcessAccess().openPIDFD(getpid())
        #expect(PeerProcess.identify(pidfd: pidfd, pid: 0, acceptedAt: now(), in: table) == nil)
        let socket = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"))
        #expect(try PeerProcess.identify(descriptor: socket.descriptor, acceptedAt: now(), in: table) == nil)
        #expect(throws: SystemError.self) {
            try PeerProcess.identify(descriptor: -1, acceptedAt: now(), in: table)
        }
    }
}

/// A Unix socket that listens.
private final class TestListener {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(descriptor, 8) == 0 else { throw TestSocket.Failure(call: "bind", number: errno) }
    }

    deinit { close(descriptor) }

    func accept() throws -> Int32 {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw TestSocket.Failure(call: "accept", number: errno) }
        return accepted
    }
}
