internal import NIOCore

/// Takes a body out of a stream of bytes, part by part (RFC 9112, 6 and 7).
struct BodyReader {
    enum Part {
        case bytes(ByteBuffer)
        /// With the trailer section, if there is one.
        case end(FieldSection?)
    }

    private enum State {
        /// So much is left of a body, or of a chunk.
        case bytes(Int, isChunk: Bool)
        case chunkHead
        case trailers(HeadEnd)
        /// Until the connection ends.
        case all
    }

    /// A chunk's size takes 15 digits at most, and its extensions a few more bytes. They are not passed on.
    private static let maxChunkLine = 256

    private var state: State
    private let limits: WireLimits

    init(_ framing: BodyFraming, _ limits: WireLimits) {
        switch framing {
        case .none: state = .bytes(0, isChunk: false)
        case .length(let length): state = .bytes(length, isChunk: false)
        case .chunked: state = .chunkHead
        case .close: state = .all
        }
        self.limits = limits
    }

    /// Whether the body goes on until the connection ends.
    var lastsToTheEnd: Bool { if case .all = state { true } else { false } }

    /// - Returns: nil where more has to come first.
    mutating func next(_ buffer: inout ByteBuffer) throws(WireFault) -> Part? {
        while true {
            switch state {
            case .bytes(0, isChunk: false): return .end(nil)
            case .bytes(0, isChunk: true):
                // The line's end behind a chunk.
                guard let end = buffer.readBytes(length: 2) else { return nil }
                guard end == [WireSyntax.carriageReturn, WireSyntax.lineFeed] else { throw .malformed }
                state = .chunkHead
            case .bytes(let left, let isChunk):
                guard let bytes = buffer.readSlice(length: min(left, buffer.readableBytes)), bytes.readableBytes > 0
                else { return nil }
                state = .bytes(left - bytes.readableBytes, isChunk: isChunk)
                return .bytes(bytes)
            case .chunkHead:
                guard let size = try chunkSize(&buffer) else { return nil }
                state = size == 0 ? .trailers(HeadEnd()) : .bytes(size, isChunk: true)
            case .trailers(var end):
                defer { state = .trailers(end) }
                return try trailers(&buffer, &end)
            case .all:
                guard buffer.readableBytes > 0 else { return nil }
                return buffer.readSlice(length: buffer.readableBytes).map { .bytes($0) }
            }
        }
    }

    private func chunkSize(_ buffer: inout ByteBuffer) throws(WireFault) -> Int? {
        let line = buffer.withUnsafeReadableBytes { bytes -> Result<(size: Int, length: Int)?, WireFault> in
            var digits = 0
            var size = 0
            while digits < bytes.count, let digit = WireSyntax.hexDigit(bytes[digits]) {
                guard digits < 15 else { return .failure(.malformed) }
                size = size << 4 | digit
                digits += 1
            }
            var end = digits
            while end < min(bytes.count, Self.maxChunkLine), WireSyntax.isText(bytes[end]) { end += 1 }
            // Blanks perhaps, and a semicolon, begin the extensions (RFC 9112, 7.1.1).
            let mark = bytes[digits..<end].first { !WireSyntax.isBlank($0) }
            let isExtended = mark == UInt8(ascii: ";") || mark == nil && end == bytes.count
            guard end == digits || digits > 0 && isExtended, end < Self.maxChunkLine else {
                return .failure(.malformed)
            }
            guard end + 1 < bytes.count else {
                let isBroken = end < bytes.count && bytes[end] != WireSyntax.carriageReturn
                return isBroken ? .failure(.malformed) : .success(nil)
            }
            guard digits > 0, bytes[end] == WireSyntax.carriageReturn, bytes[end + 1] == WireSyntax.lineFeed else {
                return .failure(.malformed)
            }
            return .success((size, end + 2))
        }
        guard let line = try line.get() else { return nil }
        buffer.moveReaderIndex(forwardBy: line.length)
        return line.size
    }

    private func trailers(_ buffer: inout ByteBuffer, _ end: inout HeadEnd) throws(WireFault) -> Part? {
        let found = buffer.withUnsafeReadableBytes { end.find(in: $0, limit: limits.maxHeadBytes) }
        guard let length = try found.get(), let text = buffer.readSlice(length: length) else { return nil }
        // Without trailers the empty line is all.
        guard length > 2 else { return .end(nil) }
        return .end(try FieldSection.read(text, from: 0, maxFields: limits.maxFields).get())
    }
}
