import BerthTestSupport

/// Changes to well-formed input that know what its parts mean: numbers become numbers at the edges, marks are doubled or
/// lost, and pieces are cut, repeated or put in from elsewhere.
enum Mutation {
    /// The input, changed a few times; now and then not at all.
    static func of(_ input: [UInt8], tokens: [String], using random: inout SplitMix64) -> [UInt8] {
        var bytes = input
        for _ in 0..<random.pick([0, 1, 1, 1, 2, 2, 3, 5, 9]) { change(&bytes, tokens, using: &random) }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], _ tokens: [String], using random: inout SplitMix64) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let piece = piece(of: bytes, using: &random)
        switch Int.random(in: 0..<13, using: &random) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < bytes.count: bytes[place] = .random(in: .min ... .max, using: &random)
        case 2: bytes.insert(contentsOf: Array(random.pick(tokens).utf8), at: place)
        case 3: bytes.insert(contentsOf: random.pick(Tokens.bytes), at: place)
        case 4: bytes.replaceSubrange(piece, with: Array(random.pick(tokens).utf8))
        case 5: bytes.removeSubrange(piece)
        case 6: bytes.insert(contentsOf: Array(bytes[piece]), at: place)
        case 7: bytes.removeSubrange(place...)
        case 8: bytes.removeSubrange(..<place)
        case 9: replaceNumber(in: &bytes, using: &random)
        case 10:
            let other = Array(bytes[self.piece(of: bytes, using: &random)])
            bytes.replaceSubrange(piece, with: other)
        case 11:
            let repeated = Array(bytes[piece].prefix(8))
            for _ in 0..<random.pick([2, 3, 10, 100]) { bytes.insert(contentsOf: repeated, at: place) }
        default: bytes.insert(contentsOf: Array(random.pick(Tokens.texts).utf8), at: place)
        }
        // What grows without end only takes time.
        if bytes.count > 70_000 { bytes.removeSubrange(70_000...) }
    }

    private static func piece(of bytes: [UInt8], using random: inout SplitMix64) -> Range<Int> {
        let start = Int.random(in: 0...bytes.count, using: &random)
        return start..<min(bytes.count, start + random.pick([0, 1, 1, 2, 4, 8, 32]))
    }

    /// Puts a number of ``Tokens/numbers`` where digits stand.
    private static func replaceNumber(in bytes: inout [UInt8], using random: inout SplitMix64) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let starts = bytes.indices.filter { digits.contains(bytes[$0]) && ($0 == 0 || !digits.contains(bytes[$0 - 1])) }
        guard !starts.isEmpty else { return }
        let start = random.pick(starts)
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Array(random.pick(Tokens.numbers).utf8))
    }
}

/// What parsers stumble over.
enum Tokens {
    static let numbers = [
        "0", "1", "-1", "-0", "+1", "00", "01", "0x10", "1e1", "1E400", "1e-400", "1.0", "1.5", "0.1", "255", "256",
        "257",
        "65535", "65536", "65537", "2147483647", "2147483648", "4294967295", "4294967296", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "1" + String(repeating: "0", count: 400), "315360000", "315360001", "1_000", "١", "１",
        "NaN", "Infinity", "nan", "inf", "0b1", "0o7", "1,5", "1.", ".1", "--1", "٣",
    ]

    /// Characters that are not what they look like: controls, marks of direction, marks without width, look-alikes, and
    /// spellings that only mean the same.
    static let texts = [
        "\0", "\u{1}", "\u{7F}", "\u{85}", "\r", "\n", "\r\n", "\t", "\u{B}", "\u{C}", "\u{A0}", "\u{AD}", "\u{61C}",
        "\u{200B}", "\u{200D}", "\u{200E}", "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202E}", "\u{2066}",
        "\u{2069}", "\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}", "\u{10FFFF}", "\u{1F6A2}", "é", "e\u{301}", "ﬀ",
        "İ",
        "ı", "ß", "K", "а", "ａ", "／", "．", "％", "﹕",
    ]

    /// What is no UTF-8: a lone continuation, cut sequences, overlong forms, halves of surrogate pairs, past the end.
    static let bytes: [[UInt8]] = [
        [0x80], [0xBF, 0xBF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC0, 0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF],
        [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xED, 0xB0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88],
        [0xFE],
        [0xFF], [0xFF, 0xFE], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF], [0x00], [0x1B, 0x5B, 0x33, 0x31, 0x6D],
    ]
}
