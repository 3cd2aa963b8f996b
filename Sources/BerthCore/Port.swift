/// A port that a program can bind: 1…65535.
///
/// Port 0 asks the kernel for any free port, so it is no port that can be leased, and none that this type can hold.
package struct Port: Hashable, Comparable, Sendable {
    /// The number as it stands on the wire.
    package let number: UInt16

    /// Returns nil for 0.
    package init?(_ number: UInt16) {
        guard number != 0 else { return nil }
        self.number = number
    }

    /// Returns nil for a number outside 1…65535.
    package init?(_ number: Int) {
        guard let narrow = UInt16(exactly: number) else { return nil }
        self.init(narrow)
    }

    package static func < (left: Port, right: Port) -> Bool { left.number < right.number }
}

extension Port: CustomStringConvertible {
    package var description: String { String(number) }
}
