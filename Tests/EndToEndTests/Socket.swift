import Glibc

/// A socket of the test's own, closed when it is let go of. Close-on-exec, so that no daemon inherits it.
final class Socket {
    enum Kind {
        case tcp, udp
    }

    /// An address and port; the address decides the family.
    struct Name {
        var address: String
        var port: Int
    }

    private(set) var descriptor: Int32

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    init(family: Int32, _ kind: Kind = .tcp) throws {
        let type = kind == .tcp ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue
        descriptor = socket(family, Int32(type | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError.system("socket") }
    }

    deinit { close() }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    func set(_ option: Int32, _ value: Int32 = 1, level: Int32 = SOL_SOCKET) throws {
        var value = value
        guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw HarnessError.system("setsockopt")
        }
    }

    /// Limits how long one read or write may take.
    func limit(seconds: Int) throws {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size)) == 0 else {
                throw HarnessError.system("setsockopt")
            }
        }
    }

    func bind(_ name: Name) throws {
        guard try Self.withAddress(name, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw HarnessError.system("bind \(name.address):\(name.port)")
        }
    }

    func listen() throws {
        guard Glibc.listen(descriptor, 16) == 0 else { throw HarnessError.system("listen") }
    }

    func connect(_ name: Name) throws {
        guard try Self.withAddress(name, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            throw HarnessError.system("connect \(name.address):\(name.port)")
        }
    }

    func accept() throws -> Socket {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw HarnessError.system("accept") }
        guard fcntl(accepted, F_SETFD, FD_CLOEXEC) == 0 else { throw HarnessError.system("fcntl") }
        return Socket(adopting: accepted)
    }

    private static func withAddress<Result>(
        _ name: Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws -> Result {
        if name.address.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(name.port).bigEndian
            guard inet_pton(AF_INET6, name.address, &address.sin6_addr) == 1 else {
                throw HarnessError("\(name.address) is no address")
            }
            return withGeneric(&address, body)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(name.port).bigEndian
        guard inet_pton(AF_INET, name.address, &address.sin_addr) == 1 else {
            throw HarnessError("\(name.address) is no address")
        }
        return withGeneric(&address, body)
    }

    private static func withGeneric<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// Connects to a Unix socket.
    static func connected(toUnixSocket path: String) throws -> Socket {
        let socket = try Socket(family: AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw HarnessError("\(path) is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withGeneric(&address) { Glibc.connect(socket.descriptor, $0, $1) }
        guard result == 0 else { throw HarnessError.system("connect \(path)") }
        return socket
    }
}
