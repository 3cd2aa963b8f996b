/// Goes through a JSON text by the grammar of RFC 8259 without making values of it, so that one can be changed and all
/// others stay as they were written, byte for byte.
///
/// Containers are gone through without recursion, ``maxDepth`` deep at most. That the bytes are UTF-8 is checked elsewhere.
struct JSONScanner {
    static let maxDepth = 128

    private let bytes: [UInt8]
    private(set) var place: Int
    private let end: Int

    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        place = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { place == end }

    mutating func skipBlanks() {
        while place < end, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
    }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard place < end, bytes[place] == UInt8(ascii: mark) else { return false }
        place += 1
        return true
    }

    /// Takes one value with all that is in it.
    /// - Returns: where it stands; nil where there is none that is well formed.
    mutating func takeValue() -> Range<Int>? {
        let start = place
        /// The mark that ends each open container, the outermost first.
        var open: [Unicode.Scalar] = []
        while true {
            switch takeScalarOrOpening() {
            case .malformed: return nil
            case .scalar: break
            case .opening(let closing):
                skipBlanks()
                guard !take(closing) else { break }
                guard open.count < Self.maxDepth else { return nil }
                open.append(closing)
                guard closing == "]" || takeName() != nil else { return nil }
                continue
            }
            while let closing = open.last {
                skipBlanks()
                if take(",") {
                    skipBlanks()
                    guard closing == "]" || takeName() != nil else { return nil }
                    break
                }
                guard take(closing) else { return nil }
                open.removeLast()
            }
            if open.isEmpty { return start..<place }
        }
    }

    /// Takes a member's name with its colon and the blanks around it.
    /// - Returns: where the name stands, with its quotes.
    mutating func takeName() -> Range<Int>? {
        let start = place
        guard takeString() else { return nil }
        let name = start..<place
        skipBlanks()
        guard take(":") else { return nil }
        skipBlanks()
        return name
    }

    private enum Token {
        case scalar
        /// Ended by the mark.
        case opening(Unicode.Scalar)
        case malformed
    }

    private mutating func takeScalarOrOpening() -> Token {
        guard place < end else { return .malformed }
        switch bytes[place] {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            place += 1
            return .opening(bytes[place - 1] == UInt8(ascii: "[") ? "]" : "}")
        case UInt8(ascii: "\""): return takeString() ? .scalar : .malformed
        case UInt8(ascii: "t"): return takeWord("true") ? .scalar : .malformed
        case UInt8(ascii: "f"): return takeWord("false") ? .scalar : .malformed
        case UInt8(ascii: "n"): return takeWord("null") ? .scalar : .malformed
        default: return takeNumber() ? .scalar : .malformed
        }
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard bytes[place..<end].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }

    private mutating func takeNumber() -> Bool {
        _ = take("-")
        if !take("0") { guard takeDigits() else { return false } }
        if take(".") { guard takeDigits() else { return false } }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            guard takeDigits() else { return false }
        }
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = place
        while place < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) { place += 1 }
        return place > start
    }

    private mutating func takeString() -> Bool {
        guard take("\"") else { return false }
        while place < end {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"): guard takeEscape() else { return false }
            default: break
            }
        }
        return false
    }

    private mutating func takeEscape() -> Bool {
        guard place < end else { return false }
        place += 1
        guard bytes[place - 1] == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(bytes[place - 1]) }
        guard end - place >= 4 else { return false }
        place += 4
        return bytes[(place - 4)..<place].allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    }
}
