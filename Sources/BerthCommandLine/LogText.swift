/// Agents' logs on their way to a terminal, a file or a pipe.
package enum LogText {
    private static let newline = UInt8(ascii: "\n")

    /// The last lines; one without its end counts.
    package static func lastLines(_ bytes: [UInt8], _ count: Int) -> ArraySlice<UInt8> {
        guard count > 0 else { return [] }
        var left = count
        var start = bytes.endIndex
        while start > bytes.startIndex {
            if bytes[start - 1] == newline, start < bytes.endIndex {
                left -= 1
                if left == 0 { break }
            }
            start -= 1
        }
        return bytes[start...]
    }

    /// What a terminal may be shown of what somebody else's program wrote: text, tabs, line ends and colours. Any other
    /// control would move its cursor, set its title or answer for its user, and is shown as `\xNN`.
    package static func harmless(_ line: some Collection<UInt8>) -> String {
        var shown = ""
        var rest = Substring(String(decoding: line, as: UTF8.self)).unicodeScalars
        while let scalar = rest.first {
            if scalar == "\u{1b}", let color = color(rest) {
                shown.unicodeScalars.append(contentsOf: rest[..<color])
                rest = rest[color...]
                continue
            }
            rest.removeFirst()
            switch scalar {
            case "\t", "\n": shown.unicodeScalars.append(scalar)
            // The end of a line on another system.
            case "\r" where rest.first == "\n" || rest.isEmpty: break
            case _ where scalar.properties.generalCategory == .control || scalar.properties.isBidiControl:
                let code = hexadecimal(scalar.value)
                shown += scalar.value < 0x100 ? "\\x" + code : "\\u{" + code + "}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        (value < 0x10 ? "0" : "") + String(value, radix: 16)
    }

    /// Where a sequence that sets colours ends (ECMA-48, 8.3.117), which `text` begins with; nil for any other.
    private static func color(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView.Index? {
        let body = text.dropFirst()
        guard body.first == "[" else { return nil }
        let rest = body.dropFirst().drop { ("0"..."9").contains($0) || $0 == ";" || $0 == ":" }
        guard rest.first == "m" else { return nil }
        return rest.index(after: rest.startIndex)
    }
}

/// Puts together what comes in pieces, and gives it away in whole lines, each with its agent's name in front.
package struct LogLines: Sendable {
    private let prefix: String
    private let isForTerminal: Bool
    private var rest: [UInt8] = []

    /// - Parameter name: nil for lines as they are.
    package init(name: String?, width: Int = 0, isForTerminal: Bool) {
        prefix =
            name.map { $0 + String(repeating: " ", count: max(0, width - $0.count)) + " | " } ?? ""
        self.isForTerminal = isForTerminal
    }

    /// The lines that are whole with this piece.
    package mutating func add(_ piece: some Collection<UInt8>) -> [UInt8] {
        rest += piece
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = rest[...end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        rest.removeSubrange(...end)
        return lines.flatMap(line)
    }

    /// What is left without its line's end, as a line.
    package mutating func end() -> [UInt8] {
        defer { rest = [] }
        return rest.isEmpty ? [] : line(rest[...])
    }

    private func line(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let text = isForTerminal ? Array(LogText.harmless(bytes).utf8) : Array(bytes)
        return Array(prefix.utf8) + text + [UInt8(ascii: "\n")]
    }
}
