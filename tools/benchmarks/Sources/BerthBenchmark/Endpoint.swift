import Glibc

/// Where a server listens.
package enum Endpoint {
    case unix(path: String)
    /// A Unix socket without a file (unix(7)).
    case abstract(name: String)
    /// An IPv4 address in dotted notation, and the token where the listener asks for one.
    case tcp(address: String, port: UInt16, token: String?)

    /// Reads a Unix socket's address as portpicker does: `@name` has no file.
    package static func unix(_ text: String) -> Endpoint {
        text.hasPrefix("@") ? .abstract(name: String(text.dropFirst())) : .unix(path: text)
    }

    /// Reads `ADDRESS:PORT`.
    package static func tcp(_ text: String, token: String?) throws(BenchmarkError) -> Endpoint {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var address = in_addr()
        guard parts.count == 2, let port = UInt16(parts[1]), inet_pton(AF_INET, String(parts[0]), &address) == 1 else {
            throw BenchmarkError("\(text) is no IPv4 address and port, such as 127.0.0.1:7117")
        }
        return .tcp(address: String(parts[0]), port: port, token: token)
    }

    /// A connected socket that never blocks. Connecting itself waits up to 5 s for room in the backlog.
    func connect() throws(BenchmarkError) -> Int32 {
        let family = if case .tcp = self { AF_INET } else { AF_UNIX }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system("socket") }
        do throws(BenchmarkError) {
            var patience = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            switch self {
            case .unix(let path): try connectUnix(descriptor, Array(path.utf8) + [0], name: path)
            case .abstract(let name): try connectUnix(descriptor, [0] + Array(name.utf8), name: "@\(name)")
            case .tcp(let address, let port, _): try connectTCP(descriptor, address, port)
            }
            guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw .system("fcntl") }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// - Parameter path: with the NUL that ends a path, or that begins an abstract name.
    private func connectUnix(_ descriptor: Int32, _ path: [UInt8], name: String) throws(BenchmarkError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.count <= room else {
            throw BenchmarkError("\(name) is too long for a socket's path (unix(7): 107 bytes)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        // Each byte of an abstract name counts, so the length must be exact.
        try connect(descriptor, &address, length: MemoryLayout<sockaddr_un>.size - room + path.count, name: name)
    }

    private func connectTCP(_ descriptor: Int32, _ text: String, _ port: UInt16) throws(BenchmarkError) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        // Without it a request could wait for the acknowledgement of the one before.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        try connect(descriptor, &address, length: MemoryLayout<sockaddr_in>.size, name: "\(text):\(port)")
    }

    private func connect<Address>(
        _ descriptor: Int32, _ address: inout Address, length: Int, name: String
    ) throws(BenchmarkError) {
        let status = withUnsafeBytes(of: &address) { bytes in
            Glibc.connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
        guard status == 0 else { throw .system("connect to \(name)") }
    }
}
