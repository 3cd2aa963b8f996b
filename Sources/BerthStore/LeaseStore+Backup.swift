package import BerthCore
import FoundationEssentials
import GRDB
import Glibc

/// A copy of the database that was checked and lies safely on its disk.
package struct Backup: Hashable, Sendable {
    package let path: String
    package let bytes: Int64
    /// The last record in it.
    package let head: AuditChain
    package let at: Instant
}

extension LeaseStore {
    /// Copies the database as one commit left it, while grants go on; the copy is checked from its pages to its audit
    /// before it gets its name.
    ///
    /// It is made beside its place, synced, checked and stamped, and only then linked to its name, so that there is never
    /// half a backup of that name. The file is made before SQLite writes it, for this user alone and through no link.
    /// - Throws: `invalid-field` for a place that cannot be used, `storage-unavailable` when there is no room.
    package func backUp(to path: String, now: Instant) async throws(BerthError) -> Backup {
        let place = BackupPlace(path: path)
        try place.check()
        do {
            try place.make()
            try await copy(to: place.partial)
            let head = try Self.examine(place.partial, at: now)
            let bytes = try place.publish()
            return Backup(path: path, bytes: bytes, head: head, at: now)
        } catch {
            place.discard()
            if let fault = error as? AuditVerifier.Fault {
                throw BerthError(.internal, "The copy was not whole: \(fault.says). There is no backup.")
            }
            throw StorageFailure.describe(error)
        }
    }

    /// `VACUUM INTO` needs a connection that may write elsewhere, though it only reads here; it checkpoints nothing.
    private func copy(to partial: String) async throws {
        let queue = try DatabaseQueue(path: file.path, configuration: DatabaseFile.backupConfiguration)
        defer { try? queue.close() }
        let _: Void = try await withCheckedThrowingContinuation { continuation in
            queue.asyncUnsafeRead { result in
                continuation.resume(
                    with: Result {
                        let db = try result.get()
                        try db.execute(sql: "VACUUM INTO ?", arguments: [partial])
                    })
            }
        }
    }

    /// Checks the copy and stamps it.
    private static func examine(_ partial: String, at now: Instant) throws -> AuditChain {
        let queue = try DatabaseQueue(path: partial)
        defer { try? queue.close() }
        return try queue.write { db in
            let answers = try String.fetchAll(db, sql: "PRAGMA integrity_check(1)")
            guard answers == ["ok"] else {
                throw AuditVerifier.Fault(seq: nil, says: answers.first ?? "no answer")
            }
            try LiveStateCheck(db: db).run()
            var verifier = try AuditVerifier(db, try BootRegistry(reading: db), comparesRows: true)
            while try verifier.walk(db, limit: 4096) {}
            try verifier.compare(db)
            let head = try AuditChain.head(db)
            try db.execute(
                sql: "INSERT OR REPLACE INTO backup_stamp (id, at, seq) VALUES (1, ?, ?)",
                arguments: [now.milliseconds, head.seq])
            return head
        }
    }
}

/// Where a backup goes.
private struct BackupPlace {
    let path: String

    var partial: String { path + ".partial" }
    private var folder: String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

    func check() throws(BerthError) {
        var status = stat()
        guard lstat(path, &status) != 0 else {
            throw BerthError.invalid("path", "something lies at \(path) already; name a file that is not there")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw BerthError.invalid(
                "path", "the folder \(folder) cannot be written: \(String(cString: strerror(errno)))")
        }
        if let fault = OwnFile.fault(ofFolder: folder) {
            throw BerthError.invalid(
                "path", "the folder \(folder) \(fault), who could put another file in the backup's place")
        }
        // What an interrupted backup left.
        discard()
    }

    /// Makes the file, empty: SQLite copies into an empty file as into a new one, whatever the umask.
    func make() throws(BerthError) {
        let file = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            let number = errno
            // Another backup to the same place, or no room for a name.
            throw BerthError(
                .storageUnavailable, "\(partial) cannot be made: \(String(cString: strerror(number))).")
        }
        close(file)
    }

    func discard() { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) } }

    /// Syncs the file and gives it its name, which nobody else's file may have got meanwhile.
    /// - Returns: its size.
    func publish() throws -> Int64 {
        let size = try sync(partial)
        guard link(partial, path) == 0 else {
            throw BerthError.invalid("path", "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        unlink(partial)
        _ = try sync(folder)
        return size
    }

    private func sync(_ path: String) throws -> Int64 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw BerthError(.storageUnavailable, "\(path) cannot be synced: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fsync(descriptor) == 0, fstat(descriptor, &status) == 0 else {
            throw BerthError(.storageUnavailable, "\(path) cannot be synced: \(String(cString: strerror(errno))).")
        }
        return Int64(status.st_size)
    }
}
