package import BerthCore
import Glibc

/// The file of the administrator's token: 32 random bytes in base64url, readable for the daemon's user alone.
package enum TokenFile {
    private static let option = "--token-file"

    /// Reads the token, and makes file and token where they are missing.
    /// - Throws: ``ErrorCode/configuration`` when the file cannot be used, is a link or another user's, others may read
    ///   it, or could put another in its place.
    package static func read(_ path: String) throws(BerthError) -> String {
        // A token that lies there needs no folder that can be written.
        try StateFolder.check(for: path, option: option)
        if let token = try existing(path) { return token }
        try StateFolder.prepare(for: path, option: option)
        try make(path)
        guard let token = try existing(path) else { throw unusable(path, ENOENT) }
        return token
    }

    /// - Returns: nil where there is no file.
    private static func existing(_ path: String) throws(BerthError) -> String? {
        // Without O_NONBLOCK a pipe in its place would be waited on.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable(path, errno)
        }
        defer { close(file) }
        return try token(in: file, path)
    }

    private static func token(in file: Int32, _ path: String) throws(BerthError) -> String {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unusable(path, errno) }
        // Root may read and write it anyway, and may have put it there.
        let owner = status.st_uid == 0 ? geteuid() : status.st_uid
        let isOrdinary = status.st_mode & S_IFMT == S_IFREG
        if let fault = FileTrust.fault(isOrdinary: isOrdinary, owner: owner, user: geteuid()) {
            throw BerthError(
                .configuration, "The token file \(path) \(fault). Remove it, or name another with \(option).")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw BerthError(
                .configuration, "Others may read the token file \(path). Say chmod 600 and start again.")
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let length = Glibc.read(file, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, length)), as: UTF8.self)
        let token = text.filter { !$0.isWhitespace }
        guard token.utf8.count >= 32 else {
            throw BerthError(
                .configuration,
                "The token file \(path) holds no token of at least 32 characters. Remove it, and a new one is made.")
        }
        return token
    }

    /// Writes a token beside its place, waits for the disk, and links it to its name. So a full disk or a power loss
    /// leaves no file without a token, and a token that somebody copied is not another one later.
    private static func make(_ path: String) throws(BerthError) {
        let partial = path + ".partial"
        // What an interrupted start left.
        unlink(partial)
        let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw unusable(path, errno) }
        defer {
            close(file)
            unlink(partial)
        }
        let bytes = Array((TokenSecret().text + "\n").utf8)
        errno = 0
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw unusable(path, errno == 0 ? ENOSPC : errno)
        }
        // A file that somebody made meanwhile is kept.
        guard link(partial, path) == 0 || errno == EEXIST else { throw unusable(path, errno) }
        let slash = path.lastIndex(of: "/")
        let folder = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw unusable(path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw unusable(path, errno) }
    }

    private static func unusable(_ path: String, _ number: Int32) -> BerthError {
        let reason =
            number == ELOOP
            ? "it is a symbolic link, which Berth does not follow" : String(cString: strerror(number))
        return BerthError(
            .configuration, "The token file \(path) cannot be used: \(reason). Name another with \(option).")
    }
}
