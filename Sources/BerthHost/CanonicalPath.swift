internal import Glibc

/// Paths without symbolic links, `.` and `..` (realpath(3)).
package enum CanonicalPath {
    /// - Returns: nil where there is no such file.
    package static func of(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}
