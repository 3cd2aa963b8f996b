import NIOCore
import NIOHTTP1

@testable import BerthRouter

/// Heads of messages out of their parts, and the other way round.
enum Heads {
    static func request(
        _ fields: [(String, String)], _ method: String = "GET", _ target: String = "/x", version: String = "1.1"
    ) throws -> RequestHead {
        let text = "\(method) \(target) HTTP/\(version)\r\n" + lines(fields)
        return try RequestHead.read(ByteBuffer(string: text), maxFields: 128).get()
    }

    static func answer(_ status: String, _ fields: [(String, String)]) throws -> ResponseHead {
        let text = "HTTP/1.1 \(status)\r\n" + lines(fields)
        return try ResponseHead.read(ByteBuffer(string: text), maxFields: 128).get()
    }

    static func section(_ fields: [(String, String)]) throws -> FieldSection {
        try FieldSection.read(ByteBuffer(string: lines(fields)), from: 0, maxFields: 128).get()
    }

    /// The fields of a head, or of a trailer section.
    static func fields(of text: ByteBuffer) throws -> HTTPHeaders {
        let text = String(buffer: text)
        let start = text.hasPrefix("HTTP/") || text.contains(" HTTP/") ? text.utf8.firstIndex(of: 0x0A) : nil
        let lines = ByteBuffer(string: String(start.map { text[text.utf8.index(after: $0)...] } ?? text[...]))
        let section = try FieldSection.read(lines, from: 0, maxFields: 128).get()
        return HTTPHeaders(section.fields.map { (section.string($0.name), section.string($0.value)) })
    }

    private static func lines(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
    }
}
