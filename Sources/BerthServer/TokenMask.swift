/// Keeps tokens out of the log that were sent in the place of a name: refusals tell what they refuse.
enum TokenMask {
    /// The characters of a secret (base64url of 32 bytes).
    private static let length = 43

    /// The text, in which each word that is long enough to hold a token ends after four characters.
    static func masked(_ text: String) -> String {
        var masked: [UInt8] = []
        var word: [UInt8] = []
        func finish() {
            masked += word.count < length ? word : word.prefix(4) + Array("…".utf8)
            word = []
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                word.append(byte)
            default:
                finish()
                masked.append(byte)
            }
        }
        finish()
        return String(decoding: masked, as: UTF8.self)
    }
}
