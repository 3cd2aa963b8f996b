package import BerthCore
internal import CBerthLinux
internal import Glibc

/// Binds Unix stream sockets for others to listen on (unix(7)).
package enum UnixListener {
    /// A socket with an abstract name, which is given without its leading NUL and is gone with its last descriptor.
    ///
    /// It has no file and so no mode: every user of the network namespace can connect.
    /// - Returns: a descriptor that is the caller's to close.
    /// - Throws: `database-in-use` when another socket has the name; `configuration` for a name that cannot be had.
    package static func bind(abstract name: String) throws(BerthError) -> Int32 {
        try descriptor(berth_bind_abstract(name, name.utf8.count), "@" + name)
    }

    /// A socket with a file, whose mode the umask decides. What a dead process left at `path` is removed; whoever calls
    /// has looked that nobody answers there (``SocketProbe``).
    /// - Returns: a descriptor that is the caller's to close. The file stays.
    /// - Throws: as ``bind(abstract:)``.
    package static func bind(file path: String) throws(BerthError) -> Int32 {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw BerthError(
                .configuration, "The socket \(path) that a dead process left cannot be removed.",
                cause: SystemError("unlink(2)", errno))
        }
        return try descriptor(berth_bind_file(path), path)
    }

    private static func descriptor(_ result: Int32, _ address: String) throws(BerthError) -> Int32 {
        guard result < 0 else { return result }
        let cause = SystemError("bind(2) of \(address)", -result)
        guard -result == EADDRINUSE else {
            throw BerthError(.configuration, "The socket \(address) cannot be bound: \(cause).", cause: cause)
        }
        throw BerthError(
            .databaseInUse, "Somebody listens on \(address) already. Nothing was touched; name another.", cause: cause)
    }
}
