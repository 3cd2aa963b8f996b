/// Makes an input that shows a fault smaller, as long as it still shows one.
enum Shrinking {
    static func smallest(_ input: [UInt8], isFaulty: ([UInt8]) -> Bool) -> [UInt8] {
        var small = input
        var piece = max(1, small.count / 2)
        // A bound on the work: a fault that takes long to show is told as it is.
        var attempts = 2000
        while piece >= 1, attempts > 0 {
            var place = 0
            while place < small.count, attempts > 0 {
                attempts -= 1
                let shorter = Array(small[..<place] + small[min(small.count, place + piece)...])
                if isFaulty(shorter) { small = shorter } else { place += piece }
            }
            piece /= 2
        }
        return small
    }

    /// The bytes as a Swift literal of text, with what is no printable ASCII as `\xNN`.
    static func spelt(_ bytes: [UInt8]) -> String {
        bytes.prefix(4000).map { byte in
            if (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") { return String(Unicode.Scalar(byte)) }
            let digits = String(byte, radix: 16)
            return "\\x" + (digits.count == 1 ? "0" : "") + digits
        }.joined() + (bytes.count > 4000 ? "… (\(bytes.count) bytes)" : "")
    }
}
