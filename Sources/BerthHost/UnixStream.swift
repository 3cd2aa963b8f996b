internal import CBerthLinux
internal import Glibc

/// A blocking connection to a Unix socket, for a process that has neither threads nor an event loop.
package struct UnixStream: ~Copyable {
    private let descriptor: Int32

    /// - Parameter timeoutSeconds: how long one read or write may take.
    package init(path: String, timeoutSeconds: Int32) throws(SystemError) {
        let result = berth_connect_unix(path, timeoutSeconds)
        guard result >= 0 else { throw SystemError("connect(2) to \(path)", -result) }
        descriptor = result
    }

    deinit { close(descriptor) }

    /// Sends all of the bytes.
    package func send(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw SystemError("send(2)", errno) }
            rest = rest.dropFirst(sent)
        }
    }

    /// The next bytes that come; empty at the connection's end.
    package func receive() throws(SystemError) -> [UInt8] {
        while true {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let length = recv(descriptor, &chunk, chunk.count, 0)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else { throw SystemError("recv(2)", errno) }
            return Array(chunk[..<length])
        }
    }
}
