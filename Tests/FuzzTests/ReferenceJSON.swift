import Foundation

/// The grammar of RFC 8259 once more, rule by rule, as slow and plain as it stands there.
struct ReferenceJSON {
    enum Verdict: Hashable { case fine, malformed, twice }

    private let bytes: [UInt8]
    private var place: Int
    private var hasTwice = false

    /// - Parameter depth: how deep arrays and objects may stand in each other.
    static func verdict(_ bytes: [UInt8], depth: Int) -> Verdict {
        var text = ReferenceJSON(bytes)
        guard text.value(depth) else { return text.hasTwice ? .twice : .malformed }
        text.blanks()
        return text.place == bytes.count ? .fine : .malformed
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    private mutating func blanks() { while " \n\r\t".utf8.contains(peek) { place += 1 } }

    /// 0 stands for the end: no rule has it.
    private var peek: UInt8 { place < bytes.count ? bytes[place] : 0 }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[min(place, bytes.count)...].starts(with: text.utf8) else { return false }
        place += text.utf8.count
        return true
    }

    private mutating func value(_ depth: Int) -> Bool {
        blanks()
        switch peek {
        case UInt8(ascii: "{"):
            return depth > 0 || isEmpty("{", "}") ? list("{", "}", depth) { $0.member(depth - 1) } : false
        case UInt8(ascii: "["):
            return depth > 0 || isEmpty("[", "]") ? list("[", "]", depth) { $0.value(depth - 1) } : false
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number()
        }
    }

    private func isEmpty(_ start: String, _ end: String) -> Bool {
        var copy = self
        guard copy.take(start) else { return false }
        copy.blanks()
        return copy.take(end)
    }

    private var names: [Set<String>] = []

    private mutating func list(
        _ start: String, _ end: String, _ depth: Int, _ element: (inout ReferenceJSON) -> Bool
    ) -> Bool {
        guard take(start) else { return false }
        names.append([])
        defer { names.removeLast() }
        blanks()
        if take(end) { return true }
        repeat {
            guard element(&self) else { return false }
            blanks()
        } while take(",")
        return take(end)
    }

    private mutating func member(_ depth: Int) -> Bool {
        blanks()
        guard let name = string() else { return false }
        blanks()
        guard take(":") else { return false }
        guard names[names.count - 1].insert(name).inserted else {
            hasTwice = true
            return false
        }
        return value(depth)
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = place
        while "0123456789".utf8.contains(peek) { place += 1 }
        return place > start
    }

    /// What it says, by UTF-16 as the RFC tells it.
    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var units: [UInt16] = []
        var plain: [UInt8] = []
        func flush() { units += Array(String(decoding: plain, as: UTF8.self).utf16) }
        while place < bytes.count {
            let byte = peek
            place += 1
            if byte == UInt8(ascii: "\"") {
                flush()
                return String(decoding: units, as: UTF16.self)
            }
            if byte < 0x20 { return nil }
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            flush()
            plain = []
            let pairs = [
                ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{8}"), ("f", "\u{C}"), ("n", "\n"), ("r", "\r"),
                ("t", "\t"),
            ]
            if let pair = pairs.first(where: { $0.0.utf8.first == peek }) {
                place += 1
                units += Array(pair.1.utf16)
            } else if take("u"), place + 4 <= bytes.count,
                bytes[place..<(place + 4)].allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
                let unit = UInt16(String(decoding: bytes[place..<(place + 4)], as: UTF8.self), radix: 16)
            {
                place += 4
                units.append(unit)
            } else {
                return nil
            }
        }
        return nil
    }
}
