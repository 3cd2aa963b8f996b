import Glibc

/// Which `berth` the tests drive: the one that BERTH_BINARY names, else the one that this package built.
enum BinaryUnderTest {
    /// The executable's path.
    /// - Throws: when there is none: a suite that has nothing to test must not look as if it had passed.
    static func path(source: String = #filePath) throws -> String {
        if let named = getenv("BERTH_BINARY") {
            let path = String(cString: named)
            guard access(path, X_OK) == 0 else {
                throw HarnessError("BERTH_BINARY names \(path), which cannot be executed")
            }
            return path
        }
        // …/Tests/EndToEndTests/BinaryUnderTest.swift
        let root = source.split(separator: "/").dropLast(3).joined(separator: "/")
        let built = ["debug", "release"].map { "/\(root)/.build/\($0)/berth" }
        guard let path = built.first(where: { access($0, X_OK) == 0 }) else {
            throw HarnessError(
                "there is no berth to test at \(built.joined(separator: " or ")): run `swift build`, or name one in"
                    + " BERTH_BINARY")
        }
        return path
    }
}

/// Something that keeps a test from being run at all.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// The failure of a system call, by errno.
    static func system(_ call: String, _ number: Int32 = errno) -> HarnessError {
        HarnessError("\(call): \(String(cString: strerror(number)))")
    }
}
