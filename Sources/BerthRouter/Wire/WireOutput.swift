internal import NIOCore

/// What is to be written to a peer: small pieces go as one.
///
/// Whoever hears that the channel takes no more, or more again, may write here while something is written: what was written
/// first goes first.
final class WireOutput {
    /// Pieces up to that size are copied behind what waits, which costs less than another one for the kernel.
    private static let smallPiece = 4096

    private var waiting: ByteBuffer?
    /// Whether something was written since the last flush.
    private var isDirty = false

    func write(_ bytes: ByteBuffer, to context: ChannelHandlerContext) {
        isDirty = true
        if let size = waiting?.readableBytes, bytes.readableBytes <= Self.smallPiece, size <= Self.smallPiece {
            waiting?.writeImmutableBuffer(bytes)
            return
        }
        let earlier = waiting
        waiting = bytes
        if let earlier { context.write(NIOAny(earlier), promise: nil) }
    }

    /// Writes a part of a body.
    func write(_ bytes: ByteBuffer, isChunk: Bool, to context: ChannelHandlerContext) {
        guard isChunk else { return write(bytes, to: context) }
        // A chunk without bytes would be the last one.
        guard bytes.readableBytes > 0 else { return }
        write(ByteBuffer(string: String(bytes.readableBytes, radix: 16) + "\r\n"), to: context)
        write(bytes, to: context)
        write(ByteBuffer(staticString: "\r\n"), to: context)
    }

    /// Writes the end of a body in chunks.
    func writeLastChunk(_ trailers: FieldSection?, to context: ChannelHandlerContext) {
        var end = ByteBuffer(staticString: "0\r\n")
        trailers?.writeTrailers(to: &end)
        end.writeStaticString("\r\n")
        write(end, to: context)
    }

    func flush(_ context: ChannelHandlerContext) {
        guard isDirty else { return }
        isDirty = false
        if let bytes = waiting {
            waiting = nil
            context.write(NIOAny(bytes), promise: nil)
        }
        context.flush()
    }
}
