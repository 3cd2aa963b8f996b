package import BerthCore
import Glibc

/// The file of the administrator's token: 32 random bytes in base64url, readable for the daemon's user alone.
package enum TokenFile {
    /// Reads the token, and makes file and token where they are missing.
    /// - Throws: ``ErrorCode/configuration`` when the file cannot be used, or others may read it.
    package static func read(_ path: String) throws(BerthError) -> String {
        try StateFolder.prepare(for: path)
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if made >= 0 {
            defer { close(made) }
            return try write(TokenSecret().text, to: made, path)
        }
        guard errno == EEXIST else { throw unusable(path) }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw unusable(path) }
        defer { close(file) }
        return try token(in: file, path)
    }

    private static func token(in file: Int32, _ path: String) throws(BerthError) -> String {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & 0o077 == 0 else {
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

    /// Writes the token and waits for the disk: a token that somebody copied must not be another after a power loss.
    private static func write(_ token: String, to file: Int32, _ path: String) throws(BerthError) -> String {
        let bytes = Array((token + "\n").utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else { throw unusable(path) }
        return token
    }

    private static func unusable(_ path: String) -> BerthError {
        BerthError(
            .configuration, "The token file \(path) cannot be used: \(String(cString: strerror(errno))).")
    }
}
