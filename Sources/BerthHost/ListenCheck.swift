import Glibc

/// Whether a TCP address can be listened on, asked before anything is started.
package enum ListenCheck {
    /// Why not, in words; nil when it can. Port 0 always can.
    package static func failure(host: String, port: Int) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0, let address = found else { return String(cString: gai_strerror(code)) }
        defer { freeaddrinfo(found) }
        let kind = address.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        // The server sets it too: a connection in TIME_WAIT is no reason.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(descriptor, 1) == 0
        else { return String(cString: strerror(errno)) }
        return nil
    }
}
