import FoundationEssentials

/// The API's own objects as text.
package enum JSONText {
    /// - Parameter isPretty: for people, with a line for each member; programs get one line.
    package static func line(_ value: some Encodable, isPretty: Bool) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            isPretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}
