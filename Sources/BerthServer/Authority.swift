import NIOCore

/// A host and perhaps a port, as `Host` and `Origin` have them (RFC 9110, 7.2).
struct Authority: Hashable {
    /// In lower case; an IPv6 address without its brackets, in the one form that all of its spellings share.
    let name: String
    let port: Int?

    /// Nil for anything that is not exactly a host with an optional port: no user, no path, no blank.
    init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"),
                let address = Self.canonicalIPv6(text[text.index(after: text.startIndex)..<end])
            else { return nil }
            name = address
            rest = text[text.index(after: end)...]
        } else {
            let host = text.prefix { $0 != ":" }
            guard !host.isEmpty, host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            name = host.lowercased()
            rest = text[host.endIndex...]
        }
        if rest.isEmpty {
            port = nil
        } else {
            guard let number = Self.port(rest) else { return nil }
            port = number
        }
    }

    /// A colon and a decimal number without a sign, a blank or a leading zero.
    private static func port(_ text: Substring) -> Int? {
        let digits = text.dropFirst()
        guard text.first == ":", (1...5).contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(digits),
            number <= 65_535
        else { return nil }
        return number
    }

    /// Brackets are for IPv6 addresses alone (RFC 3986, 3.2.2), and a zone has no meaning to anybody but its host.
    private static func canonicalIPv6(_ text: Substring) -> String? {
        guard !text.contains("%"), let address = try? SocketAddress(ipAddress: String(text), port: 0),
            case .v6 = address
        else { return nil }
        return address.ipAddress
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
