internal import Glibc

/// A system call that failed, for the log: the call and its errno.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call as the manual names it: `bind(2)`.
    package let call: String
    /// A number of errno(3).
    package let number: Int32

    package init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }

    package var description: String {
        guard let text = strerror(number) else { return "\(call): errno \(number)" }
        return "\(call): \(String(cString: text))"
    }
}
