/// The answer to one call, put together from the frames of its stream: a header, a message, and trailers with the call's
/// status (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
struct GRPCResponse: Equatable {
    enum Defect: String, Error {
        case failed = "a call failed"
        case status = "a call ended without grpc-status 0"
        case order = "frames of a call in a wrong order"
        case fragmented = "a header in more than one frame"
    }

    private enum Progress {
        case header
        case message
        case ended
    }

    private var progress = Progress.header
    private(set) var message: [UInt8] = []

    /// Whether the whole answer is there, and its status is 0.
    var isWhole: Bool { progress == .ended }

    mutating func header(_ block: ArraySlice<UInt8>, _ flags: HTTP2Frame.Flags) throws(Defect) {
        guard flags.contains(.endHeaders) else { throw .fragmented }
        let isLast = flags.contains(.endStream)
        switch progress {
        case .header:
            // Trailers alone: the call was answered with an error.
            if isLast { throw .failed }
            progress = .message
        case .message:
            guard isLast else { throw .order }
            guard HPACK.saysOK(block) else { throw .status }
            progress = .ended
        case .ended: throw .order
        }
    }

    mutating func data(_ content: ArraySlice<UInt8>, _ flags: HTTP2Frame.Flags) throws(Defect) {
        guard progress == .message, !flags.contains(.endStream) else { throw .order }
        message += content
    }
}
