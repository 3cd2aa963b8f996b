import GRDB
import GRDBSQLite
import Synchronization

/// Moves the write-ahead log back into the database, on the writing connection and between its transactions only.
///
/// SQLite tells the log's length after each commit (https://www.sqlite.org/c3ref/wal_hook.html). A PASSIVE checkpoint
/// waits for no reader; what it could not move is moved next time.
final class WALCheckpointer: Sendable {
    /// 16 MiB of 4 KiB pages: long enough that a checkpoint's two fsyncs vanish among the commits', short enough that
    /// it takes a few milliseconds.
    static let dueAtPages = 4096

    private let pages = Atomic<Int>(0)

    /// Starts to hear about the log's length. The checkpointer must outlive the connection's last commit.
    func watch(_ db: Database) {
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let checkpointer = Unmanaged<WALCheckpointer>.fromOpaque(context).takeUnretainedValue()
                checkpointer.pages.store(Int(pages), ordering: .relaxed)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Whether the log has grown long since the last checkpoint.
    var isDue: Bool { pages.load(ordering: .relaxed) >= Self.dueAtPages }

    /// Moves what no reader needs any more.
    ///
    /// A checkpoint changes no row, and the log stays valid without it: one that is short of room, of a lock or of a
    /// page is made again later. A failed sync is another matter. Linux may have dropped the pages that it could not
    /// write, and the next sync of the same file would say that all is well (https://lwn.net/Articles/752063/); the
    /// log that still holds them would then be overwritten.
    /// - Throws: the error of a sync that failed. Nothing may be written to the file after it.
    func checkpoint(_ db: Database) throws(DatabaseError) {
        pages.store(0, ordering: .relaxed)
        let code = sqlite3_wal_checkpoint_v2(db.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        let error = DatabaseError(resultCode: ResultCode(rawValue: code), message: "A checkpoint failed.")
        if StorageFailure.isFailedSync(error) { throw error }
    }
}
