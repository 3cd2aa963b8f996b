internal import Glibc

/// IP addresses between the kernel's forms and text.
enum SocketAddressText {
    /// Reads the digits of `/proc/net/tcp` (8) or `/proc/net/tcp6` (32) into network byte order; nil for anything else.
    ///
    /// The kernel prints each four bytes of the address as one number of this machine's byte order.
    static func bytes(hexadecimal digits: [UInt8]) -> [UInt8]? {
        guard digits.count == 8 || digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 8) {
            var word: UInt32 = 0
            for digit in digits[start..<(start + 8)] {
                guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
                word = word << 4 | UInt32(value)
            }
            withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// The canonical text (RFC 5952) of 4 or 16 bytes; nil for another number of bytes. `::ffff:127.0.0.1` is
    /// the IPv4 address that an IPv6 socket uses, so it reads `127.0.0.1`.
    static func text(_ bytes: [UInt8]) -> String? {
        switch bytes.count {
        case 4: return bytes.map { String($0) }.joined(separator: ".")
        case 16:
            if bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
                return text(Array(bytes.suffix(4)))
            }
            // INET6_ADDRSTRLEN is 46 (inet_ntop(3)).
            var buffer = [CChar](repeating: 0, count: 46)
            guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        default: return nil
        }
    }
}
