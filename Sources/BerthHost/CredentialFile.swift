package import BerthCore
import Glibc

/// Files that an administrator keeps for the daemon: certificates and their keys.
///
/// Symbolic links are followed, since what renews certificates leads to the newest by one.
package enum CredentialFile {
    /// Far more than any chain of certificates.
    private static let longest = 1 << 20

    /// Reads a file that holds no secret.
    /// - Throws: ``ErrorCode/configuration`` when it cannot be read.
    package static func read(_ path: String) throws(BerthError) -> [UInt8] { try read(path, isSecret: false) }

    /// Reads a file that nobody but its user may read.
    /// - Throws: ``ErrorCode/configuration`` when it cannot be read, or others may read it too.
    package static func readSecret(_ path: String) throws(BerthError) -> [UInt8] { try read(path, isSecret: true) }

    private static func read(_ path: String, isSecret: Bool) throws(BerthError) -> [UInt8] {
        // A pipe that nobody writes to must not hold the daemon.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unusable(path, String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw unusable(path, String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw unusable(path, "it is no regular file") }
        guard !isSecret || status.st_mode & 0o077 == 0 else {
            throw BerthError(.configuration, "Others may read the private key \(path). Say chmod 600.")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else { throw unusable(path, String(cString: strerror(errno))) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= longest else { throw unusable(path, "it is longer than a MiB") }
        }
    }

    private static func unusable(_ path: String, _ reason: String) -> BerthError {
        BerthError(.configuration, "The file \(path) cannot be used: \(reason).")
    }
}
