internal import Glibc

/// Looks for the empty line behind a head, in bytes that come bit by bit: each is looked at once.
///
/// Lines end in CR LF and in nothing else: a lone LF, which RFC 9112, 2.2 lets a recipient take, is one of the things that
/// two programs read differently.
struct HeadEnd {
    private var looked = 0

    /// - Parameter bytes: what has come of the head, all of it each time.
    /// - Returns: the length of the head with its empty line; nil while that has not come.
    mutating func find(in bytes: UnsafeRawBufferPointer, limit: Int) -> Result<Int?, WireFault> {
        guard let base = bytes.baseAddress else { return .success(nil) }
        while looked < bytes.count, let found = memchr(base + looked, Int32(WireSyntax.lineFeed), bytes.count - looked)
        {
            let place = base.distance(to: UnsafeRawPointer(found))
            guard place > 0, bytes[place - 1] == WireSyntax.carriageReturn else { return .failure(.malformed) }
            guard place < limit else { return .failure(.tooLarge) }
            looked = place + 1
            if place == 1 || place >= 3 && bytes[place - 2] == WireSyntax.lineFeed {
                looked = 0
                return .success(place + 1)
            }
        }
        guard bytes.count <= limit else { return .failure(.tooLarge) }
        // Nobody waits for the end of a line that is none.
        guard takeRest(of: bytes).allSatisfy({ WireSyntax.isText($0) || $0 == WireSyntax.carriageReturn }) else {
            return .failure(.malformed)
        }
        return .success(nil)
    }

    /// What was not looked at yet.
    private mutating func takeRest(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        defer { looked = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[looked...])
    }
}
