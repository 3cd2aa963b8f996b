import Glibc

/// Where the daemon listens.
package enum Endpoint {
    case unix(path: String)
    /// An IPv4 address in dotted notation, and the token that the listener asks for.
    case tcp(address: String, port: UInt16, token: String)

    /// Reads `ADDRESS:PORT`.
    package static func tcp(_ text: String, token: String) throws(BenchmarkError) -> Endpoint {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var address = in_addr()
        guard parts.count == 2, let port = UInt16(parts[1]), inet_pton(AF_INET, String(parts[0]), &address) == 1 else {
            throw BenchmarkError("\(text) is no IPv4 address and port, such as 127.0.0.1:7117")
        }
        return .tcp(address: String(parts[0]), port: port, token: token)
    }

    /// A connected socket that never blocks. Connecting itself waits up to 5 s for room in the backlog.
    func connect() throws(BenchmarkError) -> Int32 {
        let family = if case .unix = self { AF_UNIX } else { AF_INET }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system("socket") }
        do throws(BenchmarkError) {
            var patience = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            switch self {
            case .unix(let path): try connectUnix(descriptor, path)
            case .tcp(let address, let port, _): try connectTCP(descriptor, address, port)
            }
            guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw .system("fcntl") }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func connectUnix(_ descriptor: Int32, _ path: String) throws(BenchmarkError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw BenchmarkError("\(path) is too long for a socket's path (unix(7): 107 bytes)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        try connect(descriptor, &address, name: path)
    }

    private func connectTCP(_ descriptor: Int32, _ text: String, _ port: UInt16) throws(BenchmarkError) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        // Without it a request could wait for the acknowledgement of the one before.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        try connect(descriptor, &address, name: "\(text):\(port)")
    }

    private func connect<Address>(
        _ descriptor: Int32, _ address: inout Address, name: String
    ) throws(BenchmarkError) {
        let status = withUnsafeBytes(of: &address) { bytes in
            Glibc.connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard status == 0 else { throw .system("connect to \(name)") }
    }
}
