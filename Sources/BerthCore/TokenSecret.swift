/// The secret that opens a token: 32 random bytes in base64url (RFC 4648, 5) without padding, 43 characters.
///
/// Its description is no part of it, so that it stands in no log by mistake.
package struct TokenSecret: Sendable, CustomStringConvertible {
    /// What its bearer sends.
    package let text: String

    /// A new one, from the kernel's source of randomness (getrandom(2)).
    package init() {
        var generator = SystemRandomNumberGenerator()
        self.init(bytes: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// The text of given bytes.
    package init(bytes: [UInt8]) {
        var characters: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                characters.append(Self.alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { characters.append(Self.alphabet[Int(bits << (6 - count) & 63)]) }
        text = String(decoding: characters, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    package var description: String { "a token's secret" }
}
