package import BerthCore
import Glibc

/// The exclusive right to write a database: a lock file beside it, held with flock(2).
///
/// The kernel drops the lock when the process ends, however it ends. The file itself stays: removing it would let two
/// processes lock two different files of the same name. It holds the holder's PID for whoever is refused.
package final class DatabaseLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock or says who has it.
    /// - Throws: ``ErrorCode/databaseInUse`` when another process holds it, ``ErrorCode/configuration`` when the file
    ///   cannot be opened.
    package init(forDatabase path: String) throws(BerthError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw BerthError(
                .configuration, "The lock file \(lockPath) cannot be opened: \(String(cString: strerror(errno))).")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(of: descriptor)
            close(descriptor)
            throw BerthError(
                .databaseInUse,
                "The database \(path) is served by another Berth\(holder.map { ", PID \($0)" } ?? "")."
                    + " Use that one, or stop it first.")
        }
        self.descriptor = descriptor
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit { close(descriptor) }

    private static func holder(of descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let length = pread(descriptor, &bytes, bytes.count, 0)
        guard length > 0 else { return nil }
        return Int32(String(decoding: bytes[..<length], as: UTF8.self).filter(\.isNumber))
    }
}
