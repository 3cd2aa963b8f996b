import BerthCore
import Glibc
import Synchronization
import Testing

/// A real socket that a test holds; it closes with its last reference.
final class TestSocket {
    enum Address {
        case ipv4(String)
        case ipv6(String)
    }

    struct Failure: Error {
        let call: String
        let number: Int32
    }

    private(set) var descriptor: Int32

    private init(adopting descriptor: Int32, _ call: String) throws {
        guard descriptor >= 0 else { throw Failure(call: call, number: errno) }
        self.descriptor = descriptor
    }

    deinit { close() }

    func close() {
        guard descriptor >= 0 else { return }
        TestChild.spawning.withLock { _ in _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Binds `port`, or one that the kernel chooses for 0. An `.ipv6` socket is for IPv6 alone unless `dualStack`.
    static func bind(
        _ transport: PortListener.TransportProtocol, _ address: Address, port: UInt16 = 0, options: [Int32] = [],
        dualStack: Bool = false
    ) throws -> TestSocket {
        let type = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
        let flags = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let family: Int32 = if case .ipv6 = address { AF_INET6 } else { AF_INET }
        let made = try TestSocket(adopting: socket(family, flags, 0), "socket")
        for option in options { try made.set(SOL_SOCKET, option, 1) }
        if family == AF_INET6 { try made.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, dualStack ? 0 : 1) }
        try check("bind", withSocketAddress(address, port) { Glibc.bind(made.descriptor, $0, $1) })
        return made
    }

    func listen() throws { try TestSocket.check("listen", Glibc.listen(descriptor, 8)) }

    /// Connects a new socket to this one, which listens on 127.0.0.1.
    func connectClient() throws -> TestSocket {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let client = try TestSocket(adopting: socket(AF_INET, flags, 0), "socket")
        try TestSocket.check(
            "connect",
            TestSocket.withSocketAddress(.ipv4("127.0.0.1"), try port().number) {
                connect(client.descriptor, $0, $1)
            })
        return client
    }

    func accept() throws -> TestSocket {
        // Swift's view of Glibc lacks accept4(2), so no child may be spawned before the descriptor is close-on-exec.
        try TestChild.spawning.withLock { _ in
            let accepted = try TestSocket(adopting: Glibc.accept(descriptor, nil, nil), "accept")
            try TestSocket.check("fcntl", fcntl(accepted.descriptor, F_SETFD, FD_CLOEXEC))
            return accepted
        }
    }

    func port() throws -> Port {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        try TestSocket.check("getsockname", result)
        // The port stands at the same place for both families.
        return try #require(Port(UInt16(bigEndian: address.sin6_port)))
    }

    /// Lets the children that are spawned from now on inherit the socket.
    func makeInheritable() throws { try TestSocket.check("fcntl", fcntl(descriptor, F_SETFD, 0)) }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) throws {
        var value = value
        try TestSocket.check(
            "setsockopt", setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)))
    }

    private static func check(_ call: String, _ result: Int32) throws {
        if result < 0 { throw Failure(call: call, number: errno) }
    }

    private static func withSocketAddress(
        _ address: Address, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        switch address {
        case .ipv4(let text):
            var raw = sockaddr_in()
            raw.sin_family = sa_family_t(AF_INET)
            raw.sin_port = port.bigEndian
            precondition(inet_pton(AF_INET, text, &raw.sin_addr) == 1)
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            return withUnsafePointer(to: &raw) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
            }
        case .ipv6(let text):
            var raw = sockaddr_in6()
            raw.sin6_family = sa_family_t(AF_INET6)
            raw.sin6_port = port.bigEndian
            precondition(inet_pton(AF_INET6, text, &raw.sin6_addr) == 1)
            let size = socklen_t(MemoryLayout<sockaddr_in6>.size)
            return withUnsafePointer(to: &raw) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
            }
        }
    }
}
