internal import NIOCore

/// A header or trailer section (RFC 9112, 5) as it came: places in one buffer, with nothing copied.
struct FieldSection {
    /// Where a part of the text lies.
    struct Place: Hashable {
        let start: UInt32
        let count: UInt32

        init(_ range: Range<Int>) {
            start = UInt32(truncatingIfNeeded: range.lowerBound)
            count = UInt32(truncatingIfNeeded: range.count)
        }

        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// One line. Field lines follow each other without a gap.
    struct Field {
        let name: Place
        let value: Place
        /// Behind its CR LF.
        let end: UInt32
        let kind: FieldKind
        /// Whether the name is written with hyphens where its kind has them: only then it means what it says here.
        let isExact: Bool
    }

    /// What becomes of a field on its way.
    enum Fate {
        case pass, drop
        case change(String)
    }

    private(set) var fields: [Field] = []
    /// The text that all places are in.
    let text: ByteBuffer

    /// Reads the lines from `start` up to the empty one that ends the text.
    static func read(_ text: ByteBuffer, from start: Int, maxFields: Int) -> Result<FieldSection, WireFault> {
        var section = FieldSection(text: text)
        section.fields.reserveCapacity(16)
        let fault = text.withUnsafeReadableBytes { bytes -> WireFault? in
            var place = start
            // The empty line is two octets, and it is there.
            while place < bytes.count - 2 {
                guard section.fields.count < maxFields else { return .tooLarge }
                guard let field = field(at: place, in: bytes) else { return .malformed }
                section.fields.append(field)
                place = Int(field.end)
            }
            return nil
        }
        return fault.map { .failure($0) } ?? .success(section)
    }

    private init(text: ByteBuffer) { self.text = text }

    private static func field(at start: Int, in bytes: UnsafeRawBufferPointer) -> Field? {
        var colon = start
        while colon < bytes.count, WireSyntax.isToken(bytes[colon]) { colon += 1 }
        guard colon > start, colon < bytes.count, bytes[colon] == WireSyntax.colon else { return nil }
        var first = colon + 1
        while first < bytes.count, WireSyntax.isBlank(bytes[first]) { first += 1 }
        var end = first
        while end < bytes.count, WireSyntax.isText(bytes[end]) { end += 1 }
        guard end + 1 < bytes.count, bytes[end] == WireSyntax.carriageReturn, bytes[end + 1] == WireSyntax.lineFeed
        else { return nil }
        var last = end
        while last > first, WireSyntax.isBlank(bytes[last - 1]) { last -= 1 }
        let name = UnsafeRawBufferPointer(rebasing: bytes[start..<colon])
        let kind = FieldKind(name)
        return Field(
            name: Place(start..<colon), value: Place(first..<last), end: UInt32(truncatingIfNeeded: end + 2),
            kind: kind,
            isExact: kind == .endToEnd || !name.contains(UInt8(ascii: "_")))
    }

    // MARK: What it says

    func string(_ place: Place) -> String {
        text.withUnsafeReadableBytes { String(decoding: $0[place.range], as: UTF8.self) }
    }

    /// The values of the fields of a kind, those of its exact name alone.
    subscript(_ kind: FieldKind) -> [String] {
        fields.lazy.filter { $0.kind == kind && $0.isExact }.map { string($0.value) }
    }

    /// The values of the fields of a name.
    /// - Parameter name: in lower case, one that no kind stands for.
    subscript(_ name: StaticString) -> [String] {
        fields.lazy.filter { $0.kind == .endToEnd && isNamed($0, name) }.map { string($0.value) }
    }

    func has(_ kind: FieldKind) -> Bool { fields.contains { $0.kind == kind && $0.isExact } }

    /// The one field of a kind; nil for none and for several.
    func only(_ kind: FieldKind) -> Field? {
        var found: Field?
        for field in fields where field.kind == kind && field.isExact {
            guard found == nil else { return nil }
            found = field
        }
        return found
    }

    /// - Parameter name: in lower case.
    func isNamed(_ field: Field, _ name: StaticString) -> Bool { says(field.name, name) }

    /// Octet by octet, and letters of ASCII alone have a case: Unicode knows more that look like one.
    /// - Parameter word: in lower case.
    func says(_ place: Place, _ word: StaticString) -> Bool {
        guard Int(place.count) == word.utf8CodeUnitCount else { return false }
        return text.withUnsafeReadableBytes { bytes in
            word.withUTF8Buffer { word in
                zip(bytes[place.range], word).allSatisfy { WireSyntax.lowered($0) == $1 }
            }
        }
    }

    // MARK: Passing it on

    /// Writes the lines as they are but for those that `fate` has something against.
    func write(to out: inout ByteBuffer, fate: (Field) -> Fate) {
        text.withUnsafeReadableBytes { bytes in
            // Lines that stay are copied together.
            var run = 0..<0
            for field in fields {
                let line = Int(field.name.start)..<Int(field.end)
                switch fate(field) {
                case .pass:
                    if run.upperBound == line.lowerBound {
                        run = run.lowerBound..<line.upperBound
                    } else {
                        out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[run]))
                        run = line
                    }
                case .drop: break
                case .change(let value):
                    out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[run]))
                    run = 0..<0
                    out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[field.name.range]))
                    out.writeField(": ", value)
                }
            }
            out.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[run]))
        }
    }

    /// Writes the lines of a trailer section that may go on: nothing that frames, routes or authorises (RFC 9110, 6.5.1).
    func writeTrailers(to out: inout ByteBuffer) { write(to: &out) { $0.kind == .endToEnd ? .pass : .drop } }
}

extension ByteBuffer {
    /// Writes a field line, or the rest of one.
    /// - Parameter start: what stands in front of the value.
    mutating func writeField(_ start: StaticString, _ value: String) {
        writeStaticString(start)
        writeString(value)
        writeStaticString("\r\n")
    }
}
