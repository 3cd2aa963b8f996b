package import BerthCore
import Glibc

/// The folders that the daemon's files lie in.
package enum StateFolder {
    /// Makes the folder of `path`, and those above it, for this user alone; checks that it is safe and can be written.
    /// - Parameter option: what names another file: `--database`.
    /// - Throws: ``ErrorCode/configuration`` with what is wrong and where.
    package static func prepare(for path: String, option: String = "--database") throws(BerthError) {
        let folder = folder(of: path)
        try make(folder, option)
        try check(for: path, option: option)
        guard access(folder, W_OK | X_OK) == 0 else {
            throw BerthError(
                .configuration,
                "The folder \(folder) cannot be written: \(String(cString: strerror(errno)))."
                    + " Make it writable, or name another file with \(option).")
        }
    }

    /// Refuses a folder in which other users could put a file of theirs in the place of `path`. Links on the way to it
    /// are followed, and it need not be there.
    /// - Throws: ``ErrorCode/configuration`` with what is wrong and where.
    package static func check(for path: String, option: String) throws(BerthError) {
        let folder = folder(of: path)
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        let user = geteuid()
        guard let fault = FileTrust.fault(ofFolder: status.st_mode, owner: status.st_uid, user: user) else { return }
        throw BerthError(
            .configuration,
            "The folder \(folder) \(fault), who could put other files in the place of Berth's. Say chown \(user)"
                + " \(folder) && chmod go-w \(folder), or name a file in another folder with \(option).")
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func make(_ folder: String, _ option: String) throws(BerthError) {
        var status = stat()
        if stat(folder, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw BerthError(.configuration, "\(folder) is no folder. Name another file with \(option).")
            }
            return
        }
        if let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            try make(String(folder[..<slash]), option)
        }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw BerthError(
                .configuration,
                "The folder \(folder) cannot be made: \(String(cString: strerror(errno)))."
                    + " Name another file with \(option).")
        }
    }
}
