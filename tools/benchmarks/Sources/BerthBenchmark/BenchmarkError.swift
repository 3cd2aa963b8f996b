import Glibc

/// Why a benchmark cannot go on: one sentence for the person who started it.
package struct BenchmarkError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// The failure of a system call, to be made before another call overwrites `errno`.
    static func system(_ call: String, code: Int32 = errno) -> BenchmarkError {
        BenchmarkError("\(call): \(String(cString: strerror(code)))")
    }
}
