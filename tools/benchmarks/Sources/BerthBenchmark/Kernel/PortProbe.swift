import Glibc

/// The system calls of the daemon's probe, and nothing around them: every port of a block is bound and closed, for UDP
/// and for TCP, on the wildcard address of both families. The daemon goes the same way for each block that it grants.
package struct PortProbe {
    /// The ports of a block.
    package static let count = 6

    private let ports: Range<UInt16>
    private let family: Int32

    /// Finds six ports in a row that nobody has bound.
    package init() throws(BenchmarkError) {
        family = try Self.usableFamily()
        var first: UInt16 = 20_000
        while first < 60_000 {
            let ports = first..<(first + UInt16(Self.count))
            guard let taken = try Self.firstTaken(of: ports, family) else {
                self.ports = ports
                return
            }
            first = taken + 1
        }
        throw BenchmarkError("this host has no six free ports in a row")
    }

    package func measure(duration: Nanoseconds) throws(BenchmarkError) -> Measurement {
        try Repetition.measure(duration: duration) { () throws(BenchmarkError) in
            if let taken = try Self.firstTaken(of: ports, family) {
                throw BenchmarkError("somebody bound port \(taken) while it was being probed")
            }
        }
    }

    /// IPv6, whose sockets are bound for IPv4 as well, where the host has it.
    private static func usableFamily() throws(BenchmarkError) -> Int32 {
        for family in [AF_INET6, AF_INET] {
            let code = bindAndClose(0, Int32(SOCK_DGRAM.rawValue), family)
            if code == 0 { return family }
            if code != EAFNOSUPPORT, code != EADDRNOTAVAIL { throw .system("bind", code: code) }
        }
        throw BenchmarkError("this host has neither IPv6 nor IPv4")
    }

    /// Binds one port after the other; the first that is taken ends it.
    private static func firstTaken(of ports: Range<UInt16>, _ family: Int32) throws(BenchmarkError) -> UInt16? {
        for port in ports {
            for type in [SOCK_DGRAM, SOCK_STREAM] {
                let code = bindAndClose(port, Int32(type.rawValue), family)
                if code == EADDRINUSE || code == EACCES { return port }
                guard code == 0 else { throw .system("bind \(port)", code: code) }
            }
        }
        return nil
    }

    /// Returns 0 or the error's number.
    private static func bindAndClose(_ port: UInt16, _ type: Int32, _ family: Int32) -> Int32 {
        let descriptor = socket(family, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        let code = family == AF_INET6 ? bindBoth(descriptor, port) : bindIPv4(descriptor, port)
        close(descriptor)
        return code
    }

    private static func bindBoth(_ descriptor: Int32, _ port: UInt16) -> Int32 {
        var off: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size) == 0 else { return errno }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        return bind(descriptor, &address)
    }

    private static func bindIPv4(_ descriptor: Int32, _ port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return bind(descriptor, &address)
    }

    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) -> Int32 {
        withUnsafeBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return Glibc.bind(descriptor, pointer, socklen_t(bytes.count)) == 0 ? 0 : errno
        }
    }
}
