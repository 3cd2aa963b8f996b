package import BerthCore
internal import Glibc

/// Files that must be this user's alone: those of the database, before SQLite opens them, and the socket's place.
package enum PrivateFile {
    /// What lies beside a database and belongs to it.
    private static let suffixes = ["", "-wal", "-shm", "-journal", "-reserve", ".lock"]

    /// Refuses links, files of other users and what is no file in the place of a database and of what belongs to it, and
    /// takes away from others the right to read or write them. SQLite gives its other files the mode of the database.
    ///
    /// Each is opened without following a link, and looked at and changed through that descriptor. Nobody may have the
    /// database open in this process: closing a descriptor of a file drops the locks that SQLite has on it
    /// (fcntl_locking(2)).
    /// - Returns: the files that others could open, each with the mode it had.
    /// - Throws: ``ErrorCode/configuration`` with what is wrong; nothing after it was touched.
    package static func secure(database: String) throws(BerthError) -> [(path: String, mode: String)] {
        var changed: [(String, String)] = []
        for suffix in suffixes {
            if let mode = try secure(database + suffix) { changed.append((database + suffix, FileTrust.octal(mode))) }
        }
        return changed
    }

    /// Looks again once SQLite has opened them: in a folder with the sticky bit somebody might have made one of those that
    /// were not there. It opens nothing.
    /// - Throws: as ``secure(database:)``.
    package static func check(database: String) throws(BerthError) {
        for suffix in suffixes {
            var status = stat()
            guard lstat(database + suffix, &status) == 0 else { continue }
            try judge(status, database + suffix)
        }
    }

    /// Refuses a symbolic link in the place of a socket.
    /// - Throws: ``ErrorCode/configuration`` for one.
    package static func checkSocket(_ path: String) throws(BerthError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
        throw link(path, "--socket")
    }

    /// - Returns: the mode that was too wide.
    private static func secure(_ path: String) throws(BerthError) -> UInt32? {
        // Without O_NONBLOCK a pipe in its place would be waited on.
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            let number = errno
            switch number {
            case ENOENT, ENOTDIR: return nil
            case ELOOP: throw link(path, "--database")
            default:
                throw BerthError(
                    .configuration, "The file \(path) cannot be opened: \(String(cString: strerror(number))).")
            }
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            throw BerthError(
                .configuration, "The file \(path) cannot be looked at: \(String(cString: strerror(errno))).")
        }
        try judge(status, path)
        guard status.st_mode & 0o077 != 0 else { return nil }
        guard fchmod(file, 0o600) == 0 else {
            throw BerthError(
                .configuration,
                "Others may open \(path), and that can't be changed: \(String(cString: strerror(errno))).")
        }
        return status.st_mode & 0o7777
    }

    private static func judge(_ status: stat, _ path: String) throws(BerthError) {
        let kind = status.st_mode & S_IFMT
        if kind == S_IFLNK { throw link(path, "--database") }
        let fault = FileTrust.fault(isOrdinary: kind == S_IFREG, owner: status.st_uid, user: geteuid())
        guard let fault else { return }
        throw BerthError(
            .configuration,
            "\(path) \(fault). Nothing was touched. Put a file of this user's there, or name another with --database.")
    }

    private static func link(_ path: String, _ option: String) -> BerthError {
        BerthError(
            .configuration,
            "\(path) is a symbolic link, which Berth does not follow. Nothing was touched. Put the file itself there, or"
                + " name another with \(option).")
    }
}
