import Glibc

/// Where a daemon listens.
enum Endpoint: Sendable {
    case unix(String)
    case tcp(String, Int)

    /// What an honest client sends as `Host`.
    var host: String {
        switch self {
        case .unix: "localhost"
        case .tcp(let address, let port): (address.contains(":") ? "[\(address)]" : address) + ":\(port)"
        }
    }

    func connect() throws -> Connection {
        switch self {
        case .unix(let path): return Connection(try Socket.connected(toUnixSocket: path), host: host)
        case .tcp(let address, let port):
            let socket = try Socket(family: address.contains(":") ? AF_INET6 : AF_INET)
            try socket.connect(.init(address: address, port: port))
            try socket.set(Int32(TCP_NODELAY), level: Int32(IPPROTO_TCP))
            return Connection(socket, host: host)
        }
    }
}
