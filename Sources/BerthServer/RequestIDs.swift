import Synchronization

/// Names for requests: unique on this host for as long as anybody keeps a log.
package final class RequestIDs: Sendable {
    private let prefix: String
    private let counter = Atomic<UInt64>(0)

    package init() { prefix = String(UInt64.random(in: .min ... .max), radix: 36) + "-" }

    /// A new name.
    package func next() -> String {
        prefix + String(counter.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// The caller's name when it is one: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, so that no log line and no
    /// header can be forged with it.
    package func accept(_ text: String?) -> String {
        guard let text, (1...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return next() }
        return text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
