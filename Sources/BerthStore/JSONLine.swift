/// A JSON object that is written in one pass and one order: an encoder gives no order, and takes ten times as long on the
/// writing queue.
struct JSONLine {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]
    private var isFirst = true

    init() { bytes.reserveCapacity(256) }

    /// The object; nil when nothing was added.
    var text: String? { bytes.count == 1 ? nil : String(decoding: bytes + [UInt8(ascii: "}")], as: UTF8.self) }

    mutating func add(_ key: String, raw value: String) {
        begin(key)
        bytes.append(text: value)
    }

    mutating func add(_ key: String, _ value: Int64?) {
        guard let value else { return }
        begin(key)
        bytes.append(text: String(value))
    }

    mutating func add(_ key: String, _ value: String?) {
        guard let value else { return }
        begin(key)
        Self.quote(value, into: &bytes)
    }

    mutating func addOrNull(_ key: String, _ value: Int64?) {
        if value == nil { add(key, raw: "null") } else { add(key, value) }
    }

    mutating func addOrNull(_ key: String, _ value: String?) {
        if value == nil { add(key, raw: "null") } else { add(key, value) }
    }

    /// Begins an object inside; ``close()`` ends it.
    mutating func open(_ key: String) {
        begin(key)
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
    }

    mutating func close() {
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    /// An object of texts, by ascending names.
    mutating func add(_ key: String, _ values: [String: String]?) {
        guard let values else { return }
        open(key)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { add(key, value) }
        close()
    }

    static func array(_ values: [String]) -> String {
        var bytes = [UInt8(ascii: "[")]
        for value in values {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            quote(value, into: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func begin(_ key: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        Self.quote(key, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a JSON string (RFC 8259, 7).
    private static func quote(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension [UInt8] {
    /// Writes a text in one piece: its view as bytes is gone through one by one.
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }
}
