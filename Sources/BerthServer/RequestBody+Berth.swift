import BerthCore
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Reading a request's body within its bounds.
extension Request {
    static let maxBodyBytes = 64 * 1024

    /// The body's bytes; empty when there is none.
    /// - Throws: `payload-too-large`, `unsupported-media-type` for a body that does not say it is JSON.
    func berthBody() async throws -> Data {
        let tooLarge = BerthError(.payloadTooLarge, "The body is over 64 KiB. No request needs so much.")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > Self.maxBodyBytes { throw tooLarge }
        var buffer = ByteBuffer()
        for try await chunk in body {
            buffer.writeImmutableBuffer(chunk)
            guard buffer.readableBytes <= Self.maxBodyBytes else { throw tooLarge }
        }
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
