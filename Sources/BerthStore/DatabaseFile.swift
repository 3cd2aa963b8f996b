package import BerthCore
import CBerthSQLite
package import GRDB
import GRDBSQLite
import Glibc

/// An open database: one connection that writes and checkpoints, and a pool of connections that only read.
///
/// Two connections must never write and checkpoint at once: SQLite before 3.51.3 can lose committed pages then (the
/// WAL-reset race). So the readers are opened read-only and never checkpoint, not even when they close.
package struct DatabaseFile: Sendable {
    package let writer: DatabaseQueue
    package let readers: DatabasePool
    /// Readers for those who wait for them on their own thread. Were they the same ones, threads that wait for a reader
    /// could be all that there are, and nobody would be left to give one back.
    let lookers: DatabasePool
    package let path: String

    /// Opens the file, makes it where it is missing, and migrates it.
    /// - Throws: ``ErrorCode/configuration`` when it cannot be used; nothing is changed then.
    package init(path: String, migrator: Migrator = Migrator()) throws(BerthError) {
        self.path = path
        SQLiteSettings.make()
        do {
            // Looked at through a connection that cannot write, and does not checkpoint when it closes: a stranger's
            // file stays as it was, log included.
            _ = try Self.pendingMigrations(at: path, migrator: migrator)
            writer = try DatabaseQueue(path: path, configuration: Self.writerConfiguration)
            try writer.writeWithoutTransaction { db in
                try Self.prepare(db)
                try migrator.migrate(db)
                try Self.makeShrinkable(db)
            }
            readers = try DatabasePool(path: path, configuration: Self.readerConfiguration)
            lookers = try DatabasePool(path: path, configuration: Self.readerConfiguration)
        } catch let error as BerthError {
            throw error
        } catch {
            throw BerthError(
                .configuration, "The database \(path) cannot be opened: \(Self.reason(error)). Nothing was changed.",
                cause: error)
        }
    }

    /// The names of the migrations that opening the file would apply. It changes nothing in the file, and may leave an
    /// empty log beside it.
    /// - Throws: ``ErrorCode/configuration`` when opening it would be refused.
    package static func pendingMigrations(
        at path: String, migrator: Migrator = Migrator()
    ) throws(BerthError) -> [String] {
        try pendingMigrations(at: path, migrator) { body in
            try DatabaseQueue(path: path, configuration: readerConfiguration).read(body)
        }
    }

    /// The same for somebody who will not open it: it makes no file.
    /// - Parameter isServed: whether a daemon holds the database's lock.
    package static func plannedMigrations(at path: String, isServed: Bool) throws(BerthError) -> [String] {
        try pendingMigrations(at: path, Migrator()) { body in
            let file = UntouchedDatabase(path: path)
            return try file.read(file.way(isServed: isServed), body)
        }
    }

    private static func pendingMigrations(
        at path: String, _ migrator: Migrator, read: ((Database) throws -> [String]) throws -> [String]
    ) throws(BerthError) -> [String] {
        do {
            guard try hasContents(path), !wasNeverFinished(path) else { return migrator.migrations.map(\.name) }
            return try read { db in try migrator.pending(db).map(\.name) }
        } catch let error as BerthError {
            throw error
        } catch {
            throw BerthError(
                .configuration, "The database \(path) cannot be read: \(reason(error)).", cause: error)
        }
    }

    /// Closes both sides after a last checkpoint. Both are closed whatever goes wrong.
    /// - Throws: the first thing that went wrong; the log is left beside the file then.
    package func close() throws {
        var failures: [any Error] = []
        for step in [readers.close, lookers.close, checkpointForGood, writer.close] {
            do { try step() } catch { failures.append(error) }
        }
        if let failure = failures.first { throw failure }
    }

    /// Empties the log, and lets the connection that closes delete it.
    private func checkpointForGood() throws {
        try writer.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            try Self.setCheckpointsOnClose(true, db)
        }
    }

    /// SQLite's own checkpoint at the end would sync a file again whose sync has failed just before, and delete the
    /// log if that goes well: so only a connection whose last checkpoint succeeded has one.
    private static func setCheckpointsOnClose(_ checkpoints: Bool, _ db: Database) throws {
        guard berth_checkpoint_on_close(db.sqliteConnection, checkpoints ? 1 : 0) == SQLITE_OK else {
            throw BerthError(.configuration, "SQLite did not accept NO_CKPT_ON_CLOSE.")
        }
    }

    /// The pragmas, each read back: a setting that silently did not take is worse than one never made.
    ///
    /// `synchronous` comes after opening because GRDB sets it to NORMAL whenever it activates WAL, and NORMAL
    /// acknowledges commits that a power loss takes back (https://www.sqlite.org/pragma.html#pragma_synchronous).
    private static func prepare(_ db: Database) throws {
        // Only a file without contents takes it; see makeShrinkable. On another one it would be written each time.
        if try Int.fetchOne(db, sql: "PRAGMA page_count") == 0 {
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        }
        let settings: [(pragma: String, value: String, readBack: String)] = [
            ("journal_mode", "WAL", "wal"), ("synchronous", "FULL", "2"), ("foreign_keys", "ON", "1"),
            ("wal_autocheckpoint", "0", "0"), ("journal_size_limit", "67108864", "67108864"),
            ("recursive_triggers", "ON", "1"),
            // 16 MiB, so that a large batch never spills its pages into the log before its commit: the largest has 256
            // changes, each of which has some ten pages of its own.
            ("cache_size", "-16384", "-16384"),
        ]
        for setting in settings {
            _ = try Row.fetchAll(db, sql: "PRAGMA \(setting.pragma) = \(setting.value)")
            let value = try String.fetchOne(db, sql: "PRAGMA \(setting.pragma)")
            guard value == setting.readBack else {
                throw BerthError(
                    .configuration,
                    "SQLite did not accept \(setting.pragma) = \(setting.value): it says \(value ?? "nothing").")
            }
        }
    }

    /// Rewrites a file of the first versions once, so that it can give space back when history is pruned. Where there is
    /// no room for it, the file stays as it is, and what is pruned makes room in it for what comes.
    private static func makeShrinkable(_ db: Database) throws {
        let incremental = 2
        guard try Int.fetchOne(db, sql: "PRAGMA auto_vacuum") != incremental else { return }
        do {
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
        } catch  where StorageFailure.isFullDisk(error) {
            return
        }
    }

    private static var writerConfiguration: Configuration {
        var configuration = Configuration()
        configuration.label = "berth.writer"
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 1
        configuration.prepareDatabase { db in try setCheckpointsOnClose(false, db) }
        return configuration
    }

    /// Read-only, and without a checkpoint when it closes.
    static var readerConfiguration: Configuration {
        var configuration = Configuration()
        configuration.label = "berth.reader"
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA query_only = ON")
            try setCheckpointsOnClose(false, db)
        }
        return configuration
    }

    /// For a copy with `VACUUM INTO`, which fails on a connection that may only query. On one that is opened read-only,
    /// SQLite 3.40 copies row by row and then stumbles over generated columns. So it could write, and never does: it runs
    /// that one statement and checkpoints nothing.
    static var backupConfiguration: Configuration {
        var configuration = Configuration()
        configuration.label = "berth.backup"
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            try setCheckpointsOnClose(false, db)
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        return configuration
    }

    /// Whether there is a file with something in it, which is an SQLite database by its header: one that is none is
    /// refused before SQLite touches it (https://www.sqlite.org/fileformat.html, 1.3).
    static func hasContents(_ path: String) throws -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            guard errno == ENOENT else {
                throw BerthError(
                    .configuration, "The database \(path) cannot be read: \(String(cString: strerror(errno))).")
            }
            return false
        }
        defer { Glibc.close(file) }
        var header = [UInt8](repeating: 0, count: 16)
        header.removeLast(16 - max(0, pread(file, &header, 16, 0)))
        // Half of a first page, which the journal beside it takes back, is no stranger's file.
        guard header.isEmpty || header == magic || wasNeverFinished(path) else {
            throw BerthError(
                .configuration,
                "The file \(path) is no SQLite database. Nothing was changed. Name another file with --database.")
        }
        return !header.isEmpty
    }

    /// Whether the file has one page at most, which holds no table, and a journal lies beside it: its first start lost
    /// power half-way. The connection that writes rolls it back; one that only reads cannot
    /// (https://www.sqlite.org/fileformat.html, 3).
    private static func wasNeverFinished(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size <= 4096 else { return false }
        let journal = open(path + "-journal", O_RDONLY | O_CLOEXEC)
        guard journal >= 0 else { return false }
        defer { Glibc.close(journal) }
        // A page that is whole needs nothing of the journal. One that is not must be taken back: the journal begins with
        // its magic, the count of records, a nonce, and the size in pages that the file had before.
        if hasMagic(path) { return true }
        var header = [UInt8](repeating: 0, count: 20)
        return pread(journal, &header, 20, 0) == 20
            && header[..<8] == [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]
            && header[16..<19].allSatisfy { $0 == 0 } && header[19] <= 1
    }

    private static func hasMagic(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        var header = [UInt8](repeating: 0, count: magic.count)
        return pread(file, &header, header.count, 0) == header.count && header == magic
    }

    private static let magic = Array("SQLite format 3\0".utf8)

    /// What SQLite says, with its extended code.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(error)" }
        return "\(error.message ?? "SQLite error") (\(error.extendedResultCode.rawValue))"
    }
}
