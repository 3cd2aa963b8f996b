/// The octets of HTTP/1 (RFC 9110, 5.5 and 5.6; RFC 9112, 2 to 5).
enum WireSyntax {
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
    static let colon = UInt8(ascii: ":")

    /// `tchar`: a bit for each of the first 128 octets.
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let marks: UInt64 = byte < 64 ? 0x03ff_6cfa_0000_0000 : 0x57ff_ffff_c7ff_fffe
        return marks &>> UInt64(byte & 63) & 1 == 1
    }

    /// What may stand in a field's value, or in a reason: no control but the tab.
    @inline(__always) static func isText(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    /// What may stand in a request's target: visible and ASCII. RFC 3986 allows less; agents may be told more.
    @inline(__always) static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// A letter in lower case; any other octet as it is.
    @inline(__always) static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Nil for any other octet.
    static func hexDigit(_ byte: UInt8) -> Int? { Character(Unicode.Scalar(byte)).hexDigitValue }
}

/// Why what came is not passed on.
enum WireFault: Error, Hashable {
    /// It is no message of HTTP/1.0 or 1.1, or one that two programs might read differently.
    case malformed
    /// Its head, or its trailer section, is longer than the bounds allow.
    case tooLarge
}

/// Bounds of what is read of one message before anything of it is passed on.
struct WireLimits: Hashable {
    /// The head's bytes, with its first line; the trailer section's too.
    let maxHeadBytes: Int
    let maxFields: Int
}
