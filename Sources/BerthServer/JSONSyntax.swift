import BerthCore

/// Checks a body against the grammar of JSON (RFC 8259) before it is decoded.
///
/// The decoder is more lenient than two programs that must agree should be: it takes UTF-16 for JSON and a comma behind the
/// last member, and of two members of one name it silently picks one. It also calls itself for each level of nesting.
struct JSONSyntax {
    /// How deep arrays and objects may stand in each other. No request needs more than two levels.
    static let maxDepth = 32

    private let bytes: [UInt8]
    private var place = 0
    /// The mark that ends each open array and object, the outermost first.
    private var ends: [Unicode.Scalar] = []
    /// The names that each open object has so far.
    private var names: [Set<String>] = []

    /// - Throws: `malformed-json`; `invalid-field` for a member that stands there twice.
    static func check(_ bytes: [UInt8]) throws(BerthError) {
        var syntax = JSONSyntax(bytes)
        // A byte order mark means nothing in UTF-8, but some editors write it.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { syntax.place = 3 }
        try syntax.checkText()
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    /// One value and nothing behind it. Goes through what is nested without calling itself.
    private mutating func checkText() throws(BerthError) {
        while true {
            try checkValueOrOpening()
            // Whatever ends with this value ends here.
            while let end = ends.last {
                skipBlanks()
                if take(",") {
                    if end == "}" { try checkName() }
                    break
                }
                guard take(end) else { throw Self.malformed }
                ends.removeLast()
                if end == "}" { names.removeLast() }
            }
            if ends.isEmpty { break }
        }
        skipBlanks()
        guard place == bytes.count else { throw Self.malformed }
    }

    /// A whole value, or the openings of arrays and objects down to the first value that is neither empty nor one of them.
    private mutating func checkValueOrOpening() throws(BerthError) {
        while true {
            skipBlanks()
            switch next {
            case UInt8(ascii: "["):
                place += 1
                skipBlanks()
                if take("]") { return }
                try open(until: "]")
            case UInt8(ascii: "{"):
                place += 1
                skipBlanks()
                if take("}") { return }
                try open(until: "}")
                names.append([])
                try checkName()
            case UInt8(ascii: "\""):
                _ = try takeString()
                return
            case UInt8(ascii: "t"): return try checkWord("true")
            case UInt8(ascii: "f"): return try checkWord("false")
            case UInt8(ascii: "n"): return try checkWord("null")
            default: return try checkNumber()
            }
        }
    }

    private mutating func open(until end: Unicode.Scalar) throws(BerthError) {
        guard ends.count < Self.maxDepth else {
            throw BerthError(.malformedJSON, "The body nests its values deeper than \(Self.maxDepth) levels.")
        }
        ends.append(end)
    }

    /// A member's name with its colon, which no member of this object had before.
    private mutating func checkName() throws(BerthError) {
        skipBlanks()
        guard next == UInt8(ascii: "\"") else { throw Self.malformed }
        let name = try takeString()
        skipBlanks()
        guard take(":") else { throw Self.malformed }
        guard names[names.count - 1].insert(name).inserted else {
            throw BerthError.invalid(name, "is given twice")
        }
    }

    private mutating func checkWord(_ word: StaticString) throws(BerthError) {
        let isThere = word.withUTF8Buffer { bytes[place...].starts(with: $0) }
        guard isThere else { throw Self.malformed }
        place += word.utf8CodeUnitCount
    }

    /// A minus, no needless zero in front, and digits on both sides of what stands between digits.
    private mutating func checkNumber() throws(BerthError) {
        _ = take("-")
        if !take("0") { try checkDigits() }
        if take(".") { try checkDigits() }
        if take("e") || take("E") {
            if !take("-") { _ = take("+") }
            try checkDigits()
        }
    }

    private mutating func checkDigits() throws(BerthError) {
        let start = place
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        guard place > start else { throw Self.malformed }
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: mark) else { return false }
        place += 1
        return true
    }

    private static let malformed = BerthError(.malformedJSON, "The body is not well-formed JSON in UTF-8.")
}

// MARK: Texts

extension JSONSyntax {
    /// Takes a string with its quotes, and reads what it says. Half of a surrogate pair reads U+FFFD.
    private mutating func takeString() throws(BerthError) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += String(try takeEscape()).utf8
            case 0..<0x20: throw Self.malformed
            default: text.append(byte)
            }
        }
        throw Self.malformed
    }

    private mutating func takeEscape() throws(BerthError) -> Unicode.Scalar {
        let mark = next
        place += 1
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return mark.map { Unicode.Scalar($0) } ?? "?"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw Self.malformed
        }
        let unit = try takeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // A low half belongs to a high one in front of it, and to nothing else.
        let start = place
        if UTF16.isLeadSurrogate(unit), take("\\"), take("u"), let low = try? takeUnit(), UTF16.isTrailSurrogate(low) {
            return UTF16.decode(UTF16.EncodedScalar([unit, low]))
        }
        place = start
        return "\u{FFFD}"
    }

    /// The four digits of an escape.
    private mutating func takeUnit() throws(BerthError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw Self.malformed
            }
            unit = unit << 4 | UInt16(digit)
            place += 1
        }
        return unit
    }
}
