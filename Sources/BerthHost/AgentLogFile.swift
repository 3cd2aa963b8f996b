internal import BerthCore
internal import Glibc

/// The file that an agent's process appends to: the daemon's alone (0600), and no link.
///
/// It stays the daemon's also where the agent is another user's: the process has the file open, and can't open it by name.
enum AgentLogFile {
    /// Opens it to be appended to, and makes it and its folder where they are missing.
    static func openToAppend(_ path: String) throws(BerthError) -> Int32 {
        try StateFolder.prepare(for: path)
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | flags, 0o600)
        guard file >= 0 else { throw unusable(path, errno) }
        return try checked(file, path)
    }

    /// Opens it to be read and shortened.
    /// - Returns: nil where there is none.
    static func openToChange(_ path: String) throws(BerthError) -> Int32? {
        let file = open(path, O_RDWR | flags)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unusable(path, errno)
        }
        return try checked(file, path)
    }

    /// Without O_NONBLOCK a pipe in its place would be waited on.
    private static let flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC

    private static func checked(_ file: Int32, _ path: String) throws(BerthError) -> Int32 {
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let number = errno
            close(file)
            throw unusable(path, number)
        }
        let isOrdinary = status.st_mode & S_IFMT == S_IFREG
        let fault = FileTrust.fault(isOrdinary: isOrdinary, owner: status.st_uid, user: geteuid())
        if let fault {
            close(file)
            throw BerthError(.configuration, "The log \(path) \(fault). Remove it.")
        }
        // For files alone it means nothing, but the agent's program would have it too.
        _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) & ~O_NONBLOCK)
        return file
    }

    static func unusable(_ path: String, _ number: Int32) -> BerthError {
        let reason = number == ELOOP ? "it is a symbolic link" : CommandShim.words(number)
        return BerthError(.configuration, "The log \(path) cannot be used: \(reason).")
    }
}
