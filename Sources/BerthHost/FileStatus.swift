internal import Glibc

/// A file as stat(2) shows it, without opening it.
package struct FileStatus: Hashable, Sendable {
    /// What stands at the path. A symbolic link is told as one and not followed.
    package enum Kind: Hashable, Sendable {
        case file, folder, socket, link, other
    }

    package let kind: Kind
    /// The twelve permission bits.
    package let mode: UInt32
    /// The owner's uid.
    package let owner: UInt32
    package let size: Int64

    /// Looks at `path`.
    /// - Returns: nil where there is no such file.
    /// - Throws: ``SystemError`` when it cannot be looked at.
    package static func read(_ path: String) throws(SystemError) -> FileStatus? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw SystemError("stat(2) of \(path)", errno) }
            return nil
        }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFSOCK: .socket
            case S_IFLNK: .link
            default: .other
            }
        return FileStatus(
            kind: kind, mode: status.st_mode & 0o7777, owner: status.st_uid, size: Int64(status.st_size))
    }
}
