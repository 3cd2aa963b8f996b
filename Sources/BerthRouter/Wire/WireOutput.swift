internal import NIOCore

/// What is to be written to a peer: small pieces go as one, and what many peers get in one turn of the event loop goes out at
/// its end, so that whoever waits for it is woken once.
///
/// Whoever hears that the channel takes no more, or more again, may write here while something is written: what was written
/// first goes first.
final class WireOutput {
    /// Pieces up to that size are copied behind what waits, which costs less than another one for the kernel.
    private static let smallPiece = 4096

    private let turn: LoopTurn
    /// Of the handler that writes; nil before it is in its channel, and behind that.
    var context: ChannelHandlerContext?
    private var waiting: ByteBuffer?
    /// Whether something was written since the last flush.
    private var isDirty = false

    init(_ turn: LoopTurn) { self.turn = turn }

    func write(_ bytes: ByteBuffer) {
        if !isDirty {
            isDirty = true
            turn.flushAtItsEnd(self)
        }
        if let size = waiting?.readableBytes, bytes.readableBytes <= Self.smallPiece, size <= Self.smallPiece {
            waiting?.writeImmutableBuffer(bytes)
            return
        }
        let earlier = waiting
        waiting = bytes
        if let earlier { context?.write(NIOAny(earlier), promise: nil) }
    }

    /// Writes a part of a body.
    func write(_ bytes: ByteBuffer, isChunk: Bool) {
        guard isChunk else { return write(bytes) }
        // A chunk without bytes would be the last one.
        guard bytes.readableBytes > 0 else { return }
        write(ByteBuffer(string: String(bytes.readableBytes, radix: 16) + "\r\n"))
        write(bytes)
        write(ByteBuffer(staticString: "\r\n"))
    }

    /// Writes the end of a body in chunks.
    func writeLastChunk(_ trailers: FieldSection?) {
        var end = ByteBuffer(staticString: "0\r\n")
        trailers?.writeTrailers(to: &end)
        end.writeStaticString("\r\n")
        write(end)
    }

    /// Lets go out what was written, without waiting for the turn's end: something else follows.
    func flush() {
        guard isDirty else { return }
        isDirty = false
        let bytes = waiting
        waiting = nil
        if let bytes { context?.write(NIOAny(bytes), promise: nil) }
        context?.flush()
    }
}
