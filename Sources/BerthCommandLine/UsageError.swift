/// Options that are well formed and cannot be meant together: exit code 64.
package struct UsageError: Error, Hashable, Sendable {
    package let message: String

    package init(_ message: String) { self.message = message }
}
