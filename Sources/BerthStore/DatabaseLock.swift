package import BerthCore
import Glibc

/// The exclusive right to write a database: a lock file beside it, held with flock(2).
///
/// The kernel drops the lock when the process ends, however it ends. The file itself stays: removing it would let two
/// processes lock two different files of the same name. It tells who holds it, for whoever is refused, and is empty
/// while nobody does.
package final class DatabaseLock: Sendable {
    /// What a holder does with the database, which tells how long it will.
    package enum Purpose: String, Sendable {
        /// A daemon, for its whole life.
        case serve
        /// A command without a daemon, for one transaction.
        case run
    }

    /// How long a transaction of somebody else's is waited for.
    package static let patience = Duration.seconds(5)
    private static let pause = Duration.milliseconds(10)

    private let descriptor: Int32

    /// Takes the lock at once or says who has it.
    /// - Throws: ``ErrorCode/databaseInUse`` when another process holds it, ``ErrorCode/configuration`` when the file
    ///   cannot be opened, or is a link or another user's.
    package init(forDatabase path: String, for purpose: Purpose) throws(BerthError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == ELOOP ? "it is a symbolic link" : String(cString: strerror(errno))
            throw BerthError(.configuration, "The lock file \(lockPath) cannot be opened: \(reason).")
        }
        if let fault = OwnFile.fault(descriptor) {
            close(descriptor)
            throw BerthError(.configuration, "The lock file \(lockPath) \(fault). Nothing was touched.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Holder(descriptor)
            close(descriptor)
            throw BerthError(
                .databaseInUse,
                "The database \(path) is served by another Berth\(holder.map { ", PID \($0.pid)" } ?? "")."
                    + " Use that one, or stop it first.",
                cause: holder)
        }
        self.descriptor = descriptor
        let text = "\(getpid()) \(purpose.rawValue)\n"
        ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit {
        // Before the lock goes, so that the next holder never stands there under our name.
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    /// Takes the lock for a daemon: a command that holds it for a transaction is waited for, another daemon is not.
    /// - Throws: as ``init(forDatabase:for:)``.
    package static func take(forDatabase path: String) async throws(BerthError) -> DatabaseLock {
        let deadline = ContinuousClock.now + patience
        while true {
            do {
                return try DatabaseLock(forDatabase: path, for: .serve)
            } catch let error where error.code == .databaseInUse && ContinuousClock.now < deadline {
                if let holder = error.cause as? Holder, holder.purpose == .serve, holder.isAlive { throw error }
                do { try await Task.sleep(for: pause) } catch { throw BerthError(.databaseInUse, "Told to stop.") }
            }
        }
    }
}

/// Who holds a lock, by the lock file's text.
///
/// Between taking the lock and writing the text the file may be empty, or tell of a holder that was killed.
private struct Holder: Error {
    let pid: Int32
    let purpose: DatabaseLock.Purpose

    /// Nil when the file tells of nobody.
    init?(_ descriptor: Int32) {
        var bytes = [UInt8](repeating: 0, count: 32)
        let length = pread(descriptor, &bytes, bytes.count, 0)
        guard length > 0 else { return nil }
        let words = String(decoding: bytes[..<length], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let pid = Int32(words[0]), pid > 0,
            let purpose = DatabaseLock.Purpose(rawValue: String(words[1]))
        else { return nil }
        self.pid = pid
        self.purpose = purpose
    }

    /// Whether the process is there. EPERM is the answer for one of another user's (kill(2)).
    var isAlive: Bool { kill(pid, 0) == 0 || errno == EPERM }
}
