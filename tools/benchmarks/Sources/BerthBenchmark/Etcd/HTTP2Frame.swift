/// One frame of HTTP/2 (RFC 9113, 4.1): 9 bytes of header, then the payload.
struct HTTP2Frame: Equatable {
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case priority = 2
        case resetStream = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    struct Flags: OptionSet, Equatable {
        let rawValue: UInt8
        static let endStream = Flags(rawValue: 0x1)
        /// Of SETTINGS and PING.
        static let acknowledgement = Flags(rawValue: 0x1)
        static let endHeaders = Flags(rawValue: 0x4)
        static let padded = Flags(rawValue: 0x8)
        static let priority = Flags(rawValue: 0x20)
    }

    enum Defect: String, Error {
        case tooLong = "an HTTP/2 frame over 16 KiB"
        case padding = "an HTTP/2 frame with more padding than content"
    }

    /// nil for a kind that this reader does not know, which is to be ignored (RFC 9113, 5.5).
    let kind: Kind?
    let flags: Flags
    let stream: UInt32
    /// Where the payload stands in the bytes; the frame ends where it ends.
    let payload: Range<Int>

    private static let headerLength = 9
    /// SETTINGS_MAX_FRAME_SIZE as long as nobody asks for another.
    static let maxLength = 16_384

    /// Reads the frame that begins at `start`; nil while it is incomplete.
    static func scan(_ bytes: [UInt8], from start: Int) throws(Defect) -> HTTP2Frame? {
        guard bytes.count - start >= headerLength else { return nil }
        let length = bytes[start..<(start + 3)].reduce(0) { $0 << 8 | Int($1) }
        guard length <= maxLength else { throw .tooLong }
        let body = start + headerLength
        guard bytes.count - body >= length else { return nil }
        let stream = bytes[(start + 5)..<body].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return HTTP2Frame(
            kind: Kind(rawValue: bytes[start + 3]), flags: Flags(rawValue: bytes[start + 4]),
            stream: stream & 0x7fff_ffff, payload: body..<(body + length))
    }

    /// The payload of DATA or HEADERS without its padding and its priority.
    func content(of bytes: [UInt8]) throws(Defect) -> Range<Int> {
        var (start, end) = (payload.lowerBound, payload.upperBound)
        if flags.contains(.padded) {
            guard start < end else { throw .padding }
            end -= Int(bytes[start])
            start += 1
        }
        if kind == .headers, flags.contains(.priority) { start += 5 }
        guard start <= end else { throw .padding }
        return start..<end
    }

    /// Writes a frame.
    static func append(
        _ kind: Kind, _ flags: Flags = [], stream: UInt32 = 0, payload: [UInt8] = [], to bytes: inout [UInt8]
    ) {
        bytes += bigEndian(UInt32(payload.count)).dropFirst()
        bytes += [kind.rawValue, flags.rawValue]
        bytes += bigEndian(stream)
        bytes += payload
    }

    static func bigEndian(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }
}
