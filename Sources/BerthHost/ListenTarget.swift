package import BerthCore
import Glibc

/// The address that a listener's host stands for, found out once: what was checked is then what is bound.
package struct ListenTarget: Hashable, Sendable {
    /// As digits; an IPv6 address without its brackets, with its zone.
    package let address: String
    /// Whether nobody but this host can reach it.
    package let isLoopback: Bool

    /// - Parameter host: a name or an address.
    /// - Throws: ``ErrorCode/configuration`` when it stands for none.
    package static func resolve(_ host: String) throws(BerthError) -> ListenTarget {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &found)
        guard code == 0, let first = found, let address = first.pointee.ai_addr else {
            throw unusable(host, String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(found) }
        // The longest: an IPv6 address with the name of an interface behind it.
        var text = [CChar](repeating: 0, count: 128)
        let written = getnameinfo(
            address, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard written == 0 else { throw unusable(host, String(cString: gai_strerror(written))) }
        let digits = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return ListenTarget(address: String(decoding: digits, as: UTF8.self), isLoopback: isLoopback(address))
    }

    private static func unusable(_ host: String, _ reason: String) -> BerthError {
        BerthError(.configuration, "Cannot listen on \(host): \(reason). Name another --listen.")
    }

    /// 127.0.0.0/8 (RFC 1122, 3.2.1.3), ::1 (RFC 4291, 2.5.3), and the former mapped into IPv6 (2.5.5.2).
    private static func isLoopback(_ address: UnsafePointer<sockaddr>) -> Bool {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127
            }
        case AF_INET6:
            let bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
            }
            let zeros = [UInt8](repeating: 0, count: 10)
            guard bytes.starts(with: zeros) else { return false }
            return bytes.dropFirst(10).elementsEqual([0, 0, 0, 0, 0, 1])
                || bytes.dropFirst(10).starts(with: [0xff, 0xff, 127])
        default: return false
        }
    }
}
