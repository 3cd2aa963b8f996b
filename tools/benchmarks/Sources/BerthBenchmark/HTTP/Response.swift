import Glibc

/// One complete HTTP/1.1 response at the beginning of a buffer, as far as a load generator needs to know it.
struct Response: Equatable {
    let status: Int
    /// Where the body stands in the buffer; the response ends where it ends.
    let body: Range<Int>

    /// What this reader does not take. The daemon sends none of it, so meeting one is a failed measurement.
    enum Defect: String, Error {
        case statusLine = "an answer without an HTTP/1.1 status line"
        case unknownLength = "an answer without Content-Length"
        case overrun = "more bytes than the answer's Content-Length"
    }

    /// Reads the response; nil while it is incomplete. Only one request is ever under way on a connection, so bytes
    /// after the response are a defect.
    static func scan(_ bytes: UnsafeRawBufferPointer) throws(Defect) -> Response? {
        var status: Int?
        var length: Int?
        var line = 0
        while let end = endOfLine(bytes, from: line) {
            let content = UnsafeRawBufferPointer(rebasing: bytes[line..<(end - 1)])
            line = end + 1
            guard let known = status else {
                status = try statusCode(content)
                continue
            }
            if content.isEmpty {
                return try complete(status: known, length: length, bodyStart: line, received: bytes.count)
            }
            if length == nil { length = contentLength(content) }
        }
        return nil
    }

    private static func complete(
        status: Int, length: Int?, bodyStart: Int, received: Int
    ) throws(Defect) -> Response? {
        // RFC 9110, 15.3.5: a 204 has no content, and so no length.
        guard let length = length ?? (status == 204 ? 0 : nil) else { throw .unknownLength }
        let end = bodyStart + length
        if received > end { throw .overrun }
        return received == end ? Response(status: status, body: bodyStart..<end) : nil
    }

    /// Where the LF of the next line stands, which a CR has to precede.
    private static func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress, start < bytes.count,
            let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
        else { return nil }
        let end = base.distance(to: UnsafeRawPointer(found))
        return end > start ? end : nil
    }

    private static func statusCode(_ line: UnsafeRawBufferPointer) throws(Defect) -> Int {
        let prefix: StaticString = "HTTP/1.1 "
        guard line.count >= prefix.utf8CodeUnitCount + 3, let base = line.baseAddress,
            memcmp(base, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0,
            let status = number(line, from: prefix.utf8CodeUnitCount), 100...999 ~= status
        else { throw .statusLine }
        return status
    }

    private static func contentLength(_ line: UnsafeRawBufferPointer) -> Int? {
        let name: StaticString = "content-length:"
        guard line.count > name.utf8CodeUnitCount, let base = line.baseAddress,
            strncasecmp(base.assumingMemoryBound(to: CChar.self), name.utf8Start, name.utf8CodeUnitCount) == 0
        else { return nil }
        return number(line, from: name.utf8CodeUnitCount)
    }

    /// The digits after `start` and any blanks; nil when there are none, or too many for a number.
    static func number(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        let first = index
        var value = 0
        while index < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index], index - first < 18 {
            value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
            index += 1
        }
        return index > first ? value : nil
    }
}
