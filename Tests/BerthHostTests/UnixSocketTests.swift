import BerthCore
import BerthHost
import BerthTestSupport
import CBerthLinux
import Glibc
import Synchronization
import Testing

@Suite final class `Looking at Unix sockets` {
    private let folder: TemporaryFolder
    private var path: String { folder.file("socket") }

    init() throws { folder = try TemporaryFolder(in: "/tmp") }

    private func bind(_ type: __socket_type) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw TestSocket.Failure(call: "bind", number: errno) }
        return descriptor
    }

    @Test func `tells a listener from what it leaves behind`() throws {
        #expect(try SocketProbe.look(at: path) == .absent)
        #expect(try SocketProbe.look(at: "\(path)/below") == .absent)
        let listener = try bind(SOCK_STREAM)
        #expect(listen(listener, 0) == 0)
        // The first knock fills the backlog of 0, and the next ones find it full.
        for _ in 0..<3 { #expect(try SocketProbe.look(at: path) == .answered) }
        #expect(try SocketProbe.isAnswered(path: path))
        TestChild.spawning.withLock { _ in _ = close(listener) }
        #expect(try SocketProbe.look(at: path) == .stale)
        #expect(try !SocketProbe.isAnswered(path: path))
    }

    @Test func `takes a socket of another type for answered`() throws {
        let holder = try bind(SOCK_DGRAM)
        #expect(try SocketProbe.look(at: path) == .answered)
        TestChild.spawning.withLock { _ in _ = close(holder) }
        #expect(try SocketProbe.look(at: path) == .stale)
    }

    @Test func `knows files that are no sockets, and paths that can't be`() throws {
        #expect(try SocketProbe.look(at: folder.path) == .notASocket)
        #expect(throws: BerthError.self) { try SocketProbe.look(at: "/" + String(repeating: "x", count: 107)) }
    }

    @Test func `names the peer of a connection`() throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let peer = try #require(try PeerCredentials.of(descriptor: pair[0]))
        #expect(peer.pid == getpid())
        #expect(peer.uid == geteuid())
        #expect(peer.gid == getegid())
    }

    @Test func `names no peer where there is none`() throws {
        let socket = try TestSocket.bind(.tcp, .ipv4("127.0.0.1"))
        #expect(try PeerCredentials.of(descriptor: socket.descriptor) == nil)
        #expect(throws: SystemError.self) { try PeerCredentials.of(descriptor: -1) }
        #expect(PeerCredentials(berth_ucred(pid: 1, uid: 2, gid: 3))?.uid == 2)
    }
}
