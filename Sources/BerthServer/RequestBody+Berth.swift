import BerthCore
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Reading a request's body within its bounds.
extension Request {
    static let maxBodyBytes = 64 * 1024

    /// Whether a body comes behind the head, be it an empty one.
    var hasBody: Bool { headers[.contentLength].map { $0 != "0" } ?? (headers[.transferEncoding] != nil) }

    /// The body, read to its end. A connection that ends before it looks the same to whoever only reads, but what was meant
    /// may have been something else.
    /// - Throws: `payload-too-large`, `malformed-request` for a body that was cut.
    func wholeBody(on channel: any Channel) async throws -> ByteBuffer {
        let tooLarge = BerthError(.payloadTooLarge, "The body is over 64 KiB. No request needs so much.")
        let length = headers[.contentLength].flatMap { Int($0) }
        if let length, length > Self.maxBodyBytes { throw tooLarge }
        var buffer = ByteBuffer()
        for try await chunk in body {
            buffer.writeImmutableBuffer(chunk)
            guard buffer.readableBytes <= Self.maxBodyBytes else { throw tooLarge }
        }
        let isWhole =
            if let length { buffer.readableBytes == length } else { await ConnectionHandler.hasWholeRequest(channel) }
        guard isWhole else { throw BerthError(.malformedRequest, "The request ended in the middle of its body.") }
        return buffer
    }

    /// The body's bytes; empty when there is none.
    /// - Throws: `unsupported-media-type` for a body that does not say it is JSON.
    func berthBody() async throws -> Data {
        let buffer = try await body.collect(upTo: Self.maxBodyBytes)
        guard buffer.readableBytes > 0 else { return Data() }
        // Several fields are one list here, which is no type. What a browser sends without asking first is none of these.
        guard headers[.contentType]?.prefix(while: { $0 != ";" }).trimmed.lowercased() == "application/json" else {
            throw BerthError(.unsupportedMediaType, "Send the body as Content-Type: application/json.")
        }
        return Data(buffer.readableBytesView)
    }

    /// Decodes a body that must be there.
    func decode<Value: Decodable>(_ type: Value.Type, from body: Data) throws -> Value {
        try JSON.decode(type, from: body)
    }
}

extension Substring {
    /// Without the blanks around it.
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
