/// A JSON object that is written in one pass and one order: an encoder gives no order, and takes ten times as long on the
/// writing queue.
struct JSONLine {
    private var bytes = "{"
    private var isFirst = true

    /// The object; nil when nothing was added.
    var text: String? { bytes == "{" ? nil : bytes + "}" }

    mutating func add(_ key: String, raw value: String) {
        if !isFirst { bytes += "," }
        isFirst = false
        bytes += Self.quoted(key)
        bytes += ":"
        bytes += value
    }

    mutating func add(_ key: String, _ value: Int64?) {
        if let value { add(key, raw: String(value)) }
    }

    mutating func add(_ key: String, _ value: String?) {
        if let value { add(key, raw: Self.quoted(value)) }
    }

    mutating func addOrNull(_ key: String, _ value: Int64?) { add(key, raw: value.map { String($0) } ?? "null") }

    mutating func addOrNull(_ key: String, _ value: String?) { add(key, raw: value.map(Self.quoted) ?? "null") }

    /// Begins an object inside; ``close()`` ends it.
    mutating func open(_ key: String) {
        add(key, raw: "{")
        isFirst = true
    }

    mutating func close() {
        bytes += "}"
        isFirst = false
    }

    static func array(_ values: [String]) -> String { "[" + values.map(quoted).joined(separator: ",") + "]" }

    /// A JSON string (RFC 8259, 7).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case let control where control.value < 0x20:
                let digits = String(control.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
