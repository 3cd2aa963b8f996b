/// How much data either side of a connection may still send (RFC 9113, 5.2). Streams here are too short for windows of
/// their own to matter.
struct HTTP2Window: Equatable {
    private static let initial = 65_535

    /// What the server takes.
    private var credit = initial
    /// What was received since the server was last told that it may send more.
    private var consumed = 0

    /// Whether so much may be sent; then it counts as sent.
    mutating func take(_ count: Int) -> Bool {
        guard count <= credit else { return false }
        credit -= count
        return true
    }

    /// The payload of a WINDOW_UPDATE of the connection.
    mutating func grow(_ payload: ArraySlice<UInt8>) {
        credit += payload.reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
    }

    /// Counts a DATA frame, and returns by how much to open the server's window again; 0 while it is open wide enough.
    mutating func received(_ count: Int) -> UInt32 {
        consumed += count
        guard consumed >= Self.initial / 2 else { return 0 }
        defer { consumed = 0 }
        return UInt32(consumed)
    }
}
