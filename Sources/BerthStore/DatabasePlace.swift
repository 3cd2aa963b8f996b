import BerthCore
import Glibc

/// The database's files as they lie at their paths.
///
/// SQLite goes on with a file that was removed or replaced, since its descriptors still mean the old one: every change
/// would be acknowledged, and be gone at the next start. So each commit looks whether the paths still mean the same files.
struct DatabasePlace: Sendable {
    private struct File: Sendable {
        let path: String
        let identity: Identity
    }

    /// A file, whatever its name (inode(7)).
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        /// Nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    private let path: String
    private let files: [File]

    /// - Parameter path: that of a database which is open, so that its log is there.
    init(ofOpenDatabase path: String) {
        self.path = path
        // Without the lock file a second daemon would lock another one of that name.
        files = ["", "-wal", ".lock"].compactMap { suffix in
            Identity(path + suffix).map { File(path: path + suffix, identity: $0) }
        }
    }

    /// A file that is not at its place any more; nil while all are.
    var missing: String? { files.first { Identity($0.path) != $0.identity }?.path }

    /// Puts the log aside, as `-wal.lost`, when the database that it belongs to is not at its place any more. At the next
    /// start SQLite would take it for the log of whatever lies there then (https://www.sqlite.org/howtocorrupt.html, 1.4).
    func setLogAside() {
        let log = path + "-wal"
        guard let database = files.first, database.path == path, Identity(path) != database.identity,
            let own = files.first(where: { $0.path == log }), Identity(log) == own.identity
        else { return }
        rename(log, log + ".lost")
    }

    /// Whether nothing can be written there, as far as the file system tells (statvfs(3)).
    var isReadOnly: Bool {
        var room = statvfs()
        return statvfs(path, &room) == 0 && room.f_flag & UInt(ST_RDONLY) != 0
    }
}

/// A file of the database was removed or replaced underneath: what was written since is in nobody's reach.
struct MissingFile: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) was removed, moved or replaced while it was served. What is there now is read at the next start."
    }
}
