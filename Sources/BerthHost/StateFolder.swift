package import BerthCore
import Glibc

/// The folder that the database lies in.
package enum StateFolder {
    /// Makes the folder, and those above it, for this user alone; checks that it can be written.
    /// - Throws: ``ErrorCode/configuration`` with what is wrong and where.
    package static func prepare(for database: String) throws(BerthError) {
        guard let slash = database.lastIndex(of: "/") else { return }
        let folder = String(database[..<slash])
        guard !folder.isEmpty else { return }
        try make(folder)
        guard access(folder, W_OK | X_OK) == 0 else {
            throw BerthError(
                .configuration,
                "The folder \(folder) cannot be written: \(String(cString: strerror(errno)))."
                    + " Make it writable, or name another file with --database.")
        }
    }

    private static func make(_ folder: String) throws(BerthError) {
        var status = stat()
        if stat(folder, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw BerthError(.configuration, "\(folder) is no folder. Name another file with --database.")
            }
            return
        }
        if let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            try make(String(folder[..<slash]))
        }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw BerthError(
                .configuration,
                "The folder \(folder) cannot be made: \(String(cString: strerror(errno)))."
                    + " Name another file with --database.")
        }
    }
}
