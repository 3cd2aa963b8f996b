package import BerthCore
internal import Crypto

/// A session's name as one label of a host name (RFC 1123): `{agent}.{label}.localhost`.
///
/// A name that is a label already stays as it is. Every other one becomes a readable head and eight hexadecimal digits of
/// its SHA-256; a name that looks like such a label is hashed as well, so that no name takes another's label.
package struct SessionLabel: Hashable, Sendable, CustomStringConvertible {
    private static let digits = 8
    private static let longest = 63

    package let description: String

    package init(_ session: SessionName) {
        let name = session.rawValue
        guard !Self.isLabel(name[...]) || Self.looksHashed(name) else {
            description = name
            return
        }
        let head = name.lowercased().map { Self.isInner($0) ? $0 : "-" }.drop { $0 == "-" }
            .prefix(Self.longest - Self.digits - 1)
        let hash = SHA256.hash(data: Array(name.utf8)).prefix(Self.digits / 2)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        let readable = String(head.reversed().drop { $0 == "-" }.reversed())
        description = (readable.isEmpty ? "s" : readable) + "-" + hash
    }

    private static func isLabel(_ text: Substring) -> Bool {
        (1...longest).contains(text.utf8.count) && text.allSatisfy(isInner) && text.first != "-" && text.last != "-"
            // Reserved for internationalised names and the like (RFC 5891, 4.2.3.1).
            && !text.dropFirst(2).hasPrefix("--")
    }

    private static func looksHashed(_ name: String) -> Bool {
        let tail = name.suffix(digits + 1)
        return tail.first == "-" && tail.count == digits + 1
            && tail.dropFirst().allSatisfy { $0.isASCII && $0.isHexDigit && !$0.isUppercase }
    }

    private static func isInner(_ character: Character) -> Bool {
        switch character {
        case "a"..."z", "0"..."9", "-": character.isASCII
        default: false
        }
    }
}
