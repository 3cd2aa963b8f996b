/// What the router does about a header field, by its name.
enum FieldKind: Hashable {
    /// Passed on.
    case endToEnd
    /// For the next hop alone (RFC 9110, 7.6.1), as are the four below it.
    case hopByHop
    case connection
    case te
    case transferEncoding
    case upgrade
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
    init(_ name: UnsafeRawBufferPointer) {
        // The first letter and the length tell most names.
        self =
            switch (name.first.map(WireSyntax.lowered), name.count) {
            case (UInt8(ascii: "c"), 10): Self.kind(name, "connection", .connection)
            case (UInt8(ascii: "k"), 10): Self.kind(name, "keep-alive", .hopByHop)
            case (UInt8(ascii: "p"), _): Self.kind(name, "proxy-", .hopByHop)
            case (UInt8(ascii: "t"), 2): Self.kind(name, "te", .te)
            case (UInt8(ascii: "t"), 17): Self.kind(name, "transfer-encoding", .transferEncoding)
            case (UInt8(ascii: "u"), 7): Self.kind(name, "upgrade", .upgrade)
            case (UInt8(ascii: "f"), 9): Self.kind(name, "forwarded", .forwarding)
            case (UInt8(ascii: "x"), 12): Self.kind(name, "x-request-id", .requestID)
            case (UInt8(ascii: "x"), _): Self.kind(name, "x-forwarded-", .forwarding)
            case (UInt8(ascii: "h"), 14): Self.kind(name, "http2-settings", .hopByHop)
            case (UInt8(ascii: "h"), 4): Self.kind(name, "host", .host)
            case (UInt8(ascii: "c"), 14): Self.kind(name, "content-length", .contentLength)
            case (UInt8(ascii: "e"), 6): Self.kind(name, "expect", .expect)
            case (UInt8(ascii: "a"), 13): Self.kind(name, "authorization", .authorization)
            case (UInt8(ascii: "b"), 19): Self.kind(name, "berth-authorization", .ownAuthorization)
            case (UInt8(ascii: "c"), 6): Self.kind(name, "cookie", .cookie)
            case (UInt8(ascii: "s"), 10): Self.kind(name, "set-cookie", .setCookie)
            default: .endToEnd
            }
    }

    init(_ name: String) {
        var name = name
        self = name.withUTF8 { Self(UnsafeRawBufferPointer($0)) }
    }

    /// A kind's fields begin with its name, and are no longer where the length was looked at.
    private static func kind(_ name: UnsafeRawBufferPointer, _ start: StaticString, _ kind: FieldKind) -> FieldKind {
        guard name.count >= start.utf8CodeUnitCount else { return .endToEnd }
        return start.withUTF8Buffer { start in
            for index in start.indices where folded(name[index]) != start[index] { return .endToEnd }
            return kind
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : WireSyntax.lowered(byte)
    }
}
