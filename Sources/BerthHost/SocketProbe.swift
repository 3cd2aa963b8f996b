package import BerthCore
internal import CBerthLinux
internal import Glibc

/// Looks at a Unix socket file before somebody removes or binds it.
package enum SocketProbe {
    /// What stands at a path.
    package enum Finding: Hashable, Sendable {
        /// No file.
        case absent
        /// A socket file that a dead process left: it may be removed.
        case stale
        /// Somebody has the socket open. Also when we can't tell, so that nobody loses a socket by mistake.
        case answered
        /// A file of another kind.
        case notASocket
    }

    /// Connects to the socket at `path` without waiting, and closes again. It follows symbolic links.
    /// - Throws: ``BerthError`` with ``ErrorCode/configuration`` when the path can't be a socket's address: it has
    ///   more than 107 bytes (unix(7)), or can't be looked at.
    package static func look(at path: String) throws(BerthError) -> Finding {
        guard path.utf8.count <= 107 else {
            throw BerthError(.configuration, "The socket's path has \(path.utf8.count) bytes, at most 107 fit: \(path)")
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            let number = errno
            guard number == ENOENT || number == ENOTDIR else {
                throw BerthError(.configuration, "Cannot look at \(path).", cause: SystemError("stat(2)", number))
            }
            return .absent
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return .notASocket }
        // EAGAIN is a full backlog and EPROTOTYPE a datagram socket: both have an owner.
        return switch -berth_knock(path) {
        case ECONNREFUSED: .stale
        case ENOENT: .absent
        default: .answered
        }
    }

    /// Whether somebody has the Unix socket at `path` open; see ``look(at:)``.
    package static func isAnswered(path: String) throws(BerthError) -> Bool { try look(at: path) == .answered }
}
