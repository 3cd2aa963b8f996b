/// What the router does about a header field, by its name.
enum FieldKind: Hashable {
    /// Passed on.
    case endToEnd
    /// For the next hop alone (RFC 9110, 7.6.1).
    case hopByHop
    /// Who speaks for whom: the router says that itself, and nobody else is believed.
    case forwarding
    case host
    case contentLength
    case expect
    case authorization
    /// `Berth-Authorization`.
    case ownAuthorization
    case cookie
    case setCookie
    case requestID

    /// An underscore counts as a hyphen: programs behind CGI's rules (RFC 3875, 4.1.18) do not tell them apart.
    init(_ name: String) {
        var name = name
        self = name.withUTF8 { bytes in
            // The first letter and the length tell most names.
            switch (bytes.first.map(Self.folded), bytes.count) {
            case (UInt8(ascii: "c"), 10): Self.kind(bytes, "connection", .hopByHop)
            case (UInt8(ascii: "k"), 10): Self.kind(bytes, "keep-alive", .hopByHop)
            case (UInt8(ascii: "p"), _): Self.begins(bytes, "proxy-") ? .hopByHop : .endToEnd
            case (UInt8(ascii: "t"), 2): Self.kind(bytes, "te", .hopByHop)
            case (UInt8(ascii: "t"), 17): Self.kind(bytes, "transfer-encoding", .hopByHop)
            case (UInt8(ascii: "u"), 7): Self.kind(bytes, "upgrade", .hopByHop)
            case (UInt8(ascii: "f"), 9): Self.kind(bytes, "forwarded", .forwarding)
            case (UInt8(ascii: "x"), 12): Self.kind(bytes, "x-request-id", .requestID)
            case (UInt8(ascii: "x"), _): Self.begins(bytes, "x-forwarded-") ? .forwarding : .endToEnd
            case (UInt8(ascii: "h"), 4): Self.kind(bytes, "host", .host)
            case (UInt8(ascii: "c"), 14): Self.kind(bytes, "content-length", .contentLength)
            case (UInt8(ascii: "e"), 6): Self.kind(bytes, "expect", .expect)
            case (UInt8(ascii: "a"), 13): Self.kind(bytes, "authorization", .authorization)
            case (UInt8(ascii: "b"), 19): Self.kind(bytes, "berth-authorization", .ownAuthorization)
            case (UInt8(ascii: "c"), 6): Self.kind(bytes, "cookie", .cookie)
            case (UInt8(ascii: "s"), 10): Self.kind(bytes, "set-cookie", .setCookie)
            default: .endToEnd
            }
        }
    }

    private static func kind(_ bytes: UnsafeBufferPointer<UInt8>, _ name: StaticString, _ kind: FieldKind) -> FieldKind
    {
        begins(bytes, name) ? kind : .endToEnd
    }

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, _ start: StaticString) -> Bool {
        guard bytes.count >= start.utf8CodeUnitCount else { return false }
        return start.withUTF8Buffer { start in zip(bytes, start).allSatisfy { folded($0) == $1 } }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        case UInt8(ascii: "_"): UInt8(ascii: "-")
        default: byte
        }
    }
}
