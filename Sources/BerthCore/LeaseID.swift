/// The identity of a lease: strictly increasing in order of grant, never reused.
///
/// It doubles as the fencing token of the grant: whoever shows the higher one came later.
package struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) { self.number = number }

    package static func < (left: LeaseID, right: LeaseID) -> Bool { left.number < right.number }
    package var description: String { String(number) }
}
