/// A well-formed JSON text whose values are named by where they stand in it.
struct JSONDocument {
    /// A member of an object.
    struct Member: Hashable {
        let name: String
        /// From the name's quote to the value's end.
        let range: Range<Int>
        let value: Range<Int>
    }

    let bytes: [UInt8]
    /// The outermost value.
    let root: Range<Int>

    /// - Returns: nil for what is no JSON in UTF-8.
    init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var scanner = JSONScanner(bytes, in: bytes.indices)
        scanner.skipBlanks()
        guard let root = scanner.takeValue() else { return nil }
        scanner.skipBlanks()
        guard scanner.isAtEnd else { return nil }
        self.bytes = bytes
        self.root = root
    }

    /// The members in their order, of one name perhaps several; none of a value that is no object.
    func members(of value: Range<Int>) -> [Member] {
        guard bytes[value.lowerBound] == UInt8(ascii: "{") else { return [] }
        return parts(of: value, ending: "}") { scanner in
            let start = scanner.place
            guard let name = scanner.takeName(), let value = scanner.takeValue() else { return nil }
            return Member(name: string(name) ?? "", range: start..<value.upperBound, value: value)
        }
    }

    /// The elements in their order; none of a value that is no array.
    func elements(of value: Range<Int>) -> [Range<Int>] {
        guard bytes[value.lowerBound] == UInt8(ascii: "[") else { return [] }
        return parts(of: value, ending: "]") { $0.takeValue() }
    }

    /// What a string says; nil for another value. Half of a surrogate pair reads U+FFFD.
    func string(_ value: Range<Int>) -> String? {
        guard bytes[value.lowerBound] == UInt8(ascii: "\"") else { return nil }
        let inside = bytes[(value.lowerBound + 1)..<(value.upperBound - 1)]
        guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
        var units: [UInt16] = []
        var rest = inside
        while let byte = rest.first {
            guard byte == UInt8(ascii: "\\") else {
                let plain = rest.prefix { $0 != UInt8(ascii: "\\") }
                units += String(decoding: plain, as: UTF8.self).utf16
                rest = rest.dropFirst(plain.count)
                continue
            }
            let mark = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
            if mark == UInt8(ascii: "u") {
                units.append(UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) ?? 0xFFFD)
                rest = rest.dropFirst(4)
            } else {
                units.append(Self.escapes[mark] ?? UInt16(mark))
            }
        }
        return String(decoding: units, as: UTF16.self)
    }

    /// A string's text in JSON, with its quotes.
    static func quoted(_ text: String) -> [UInt8] {
        var bytes = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        return bytes + [UInt8(ascii: "\"")]
    }

    private static let escapes: [UInt8: UInt16] = [
        UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
    ]

    /// What stands between commas in a container that is known to be well formed.
    private func parts<Part>(
        of value: Range<Int>, ending end: Unicode.Scalar, _ take: (inout JSONScanner) -> Part?
    ) -> [Part] {
        var scanner = JSONScanner(bytes, in: (value.lowerBound + 1)..<value.upperBound)
        var parts: [Part] = []
        scanner.skipBlanks()
        while !scanner.take(end), let part = take(&scanner) {
            parts.append(part)
            scanner.skipBlanks()
            _ = scanner.take(",")
            scanner.skipBlanks()
        }
        return parts
    }
}
