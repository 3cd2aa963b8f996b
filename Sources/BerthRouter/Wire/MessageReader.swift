internal import NIOCore

/// Takes messages out of the bytes of one connection, part by part, when it is asked for them.
///
/// It keeps what has come and was not asked for: whoever uses it reads no further meanwhile.
struct MessageReader<Head> {
    private let limits: WireLimits
    private let read: @Sendable (ByteBuffer, Int) -> Result<Head, WireFault>
    private var buffer = ByteBuffer()
    private var end = HeadEnd()
    private var body: BodyReader?

    private init(
        _ limits: WireLimits, _ read: @escaping @Sendable (ByteBuffer, Int) -> Result<Head, WireFault>
    ) {
        self.limits = limits
        self.read = read
    }

    var isEmpty: Bool { buffer.readableBytes == 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if isEmpty {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next head; nil while it is not whole.
    mutating func head() throws(WireFault) -> Head? {
        skipEmptyLines()
        let found = buffer.withUnsafeReadableBytes { end.find(in: $0, limit: limits.maxHeadBytes) }
        guard let length = try found.get(), let text = buffer.readSlice(length: length) else { return nil }
        letGo()
        // A head lives as long as its exchange, and is not to keep what a long reading took.
        let isLarge = text.storageCapacity > 4096 + 8 * length
        return try read(isLarge ? ByteBuffer(bytes: text.readableBytesView) : text, limits.maxFields).get()
    }

    /// Says how the body of the last head ends.
    mutating func begin(_ framing: BodyFraming) { body = BodyReader(framing, limits) }

    /// The next part of the body; nil while it has not come.
    mutating func part() throws(WireFault) -> BodyReader.Part? {
        guard let part = try body?.next(&buffer) else { return nil }
        if case .end = part { body = nil }
        letGo()
        return part
    }

    /// The connection's end is the body's.
    /// - Returns: whether that ends the message as it should.
    mutating func finish() -> Bool {
        guard let body, body.lastsToTheEnd, isEmpty else { return false }
        self.body = nil
        return true
    }

    /// What came behind the messages; nil for nothing.
    mutating func rest() -> ByteBuffer? {
        guard !isEmpty else { return nil }
        defer { buffer = ByteBuffer() }
        return buffer
    }

    /// Those in front of a head are nobody's fault (RFC 9112, 2.2).
    private mutating func skipEmptyLines() {
        while let start: UInt16 = buffer.getInteger(at: buffer.readerIndex), start == 0x0D0A {
            buffer.moveReaderIndex(forwardBy: 2)
            end = HeadEnd()
        }
    }

    /// Keeps no memory for nothing.
    private mutating func letGo() { if isEmpty { buffer = ByteBuffer() } }
}

extension MessageReader<RequestHead> {
    init(requests limits: WireLimits) { self.init(limits) { RequestHead.read($0, maxFields: $1) } }
}

extension MessageReader<ResponseHead> {
    init(answers limits: WireLimits) { self.init(limits) { ResponseHead.read($0, maxFields: $1) } }
}
