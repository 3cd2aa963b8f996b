import Crypto
import FoundationEssentials

/// SHA-256 of a token's secret: all that Berth keeps of it.
///
/// A secret has 256 random bits, so that one round without salt is enough: nobody finds it by trying.
package struct TokenHash: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes, eight to a word. No SIMD type: those are aligned to 32 bytes, and the memory of asynchronous functions to
    /// 16, so that one in an asynchronous frame wrote over what lay beside it (Swift 6.3).
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The hash of what somebody sent.
    package init(ofSecret text: String) {
        words = SHA256.hash(data: Data(text.utf8)).withUnsafeBytes(Self.load)
    }

    /// As it lies in the database; nil for anything but 32 bytes.
    init?(bytes: Data) {
        guard bytes.count == 32 else { return nil }
        words = bytes.withUnsafeBytes(Self.load)
    }

    private static func load(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64, UInt64) {
        func word(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
        return (word(0), word(1), word(2), word(3))
    }

    /// Its 32 bytes, for the database alone.
    var bytes: Data { withUnsafeBytes(of: words) { Data($0) } }

    /// What the audit has of it, in hexadecimal: SHA-256 of the hash. A row whose hash was changed shows by it, and nobody
    /// can tell the hash from it.
    var fingerprint: String { Data(SHA256.hash(data: bytes)).hexadecimal }

    /// Takes the same time wherever the two differ, so that no answer's delay tells how much of a guess was right.
    package static func == (left: TokenHash, right: TokenHash) -> Bool {
        let (a, b) = (left.words, right.words)
        return (a.0 ^ b.0) | (a.1 ^ b.1) | (a.2 ^ b.2) | (a.3 ^ b.3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    package var description: String { "a token's hash" }
}
