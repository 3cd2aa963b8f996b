import FoundationEssentials

/// Where a page ends, as text that says nothing to its reader.
enum Cursor {
    private static let mark = "berth1:"

    static func text(_ position: Int64) -> String {
        Data((mark + String(position)).utf8).base64EncodedString()
    }

    /// Nil for text that ``text(_:)`` never wrote.
    static func position(_ text: String) -> Int64? {
        guard let data = Data(base64Encoded: text), let plain = String(validating: data, as: UTF8.self),
            plain.hasPrefix(mark), let position = Int64(plain.dropFirst(mark.count)), position >= 0
        else { return nil }
        return position
    }
}
