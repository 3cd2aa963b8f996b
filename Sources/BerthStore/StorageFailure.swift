import BerthCore
import CBerthSQLite
import GRDB
import GRDBSQLite
import Glibc

/// What an error of SQLite means to a caller. Decided by result codes, never by a message's text
/// (https://www.sqlite.org/rescode.html).
enum StorageFailure {
    /// The error as the caller is told it.
    static func describe(_ error: any Error) -> BerthError {
        if let error = error as? BerthError { return error }
        // A read whose caller went away. No defect, and nobody is left to be told; a write is never cancelled.
        if error is CancellationError {
            return BerthError(.storageUnavailable, "The request was given up. Nothing was changed.", cause: error)
        }
        guard let error = error as? DatabaseError else {
            return BerthError(.internal, "Something went wrong inside Berth.", cause: error)
        }
        switch error.resultCode {
        case .SQLITE_FULL: return diskIsFull(error)
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN: return cannotBeWritten(error)
        case .SQLITE_IOERR, .SQLITE_NOMEM, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL:
            return BerthError(
                .storageUnavailable, "The database does not answer just now. Nothing was changed; ask again.",
                cause: error)
        default:
            return BerthError(.internal, "Something went wrong inside Berth.", cause: error)
        }
    }

    static func diskIsFull(_ cause: DatabaseError?) -> BerthError {
        BerthError(
            .storageUnavailable,
            "The disk of the database is full: the \(DiskReserve.bytes >> 20) MiB that are kept for releases are not"
                + " all there. Nothing was changed; make room and ask again.", cause: cause)
    }

    static func cannotBeWritten(_ cause: DatabaseError?) -> BerthError {
        BerthError(
            .storageUnavailable,
            "The database cannot be written: its disk is read-only, or does not let Berth write. Nothing was changed; mend"
                + " it and ask again.",
            cause: cause)
    }

    /// The error of a write that the system refused for want of room or of the right to write, in SQLite's words for
    /// that. SQLite knows only ENOSPC, and calls a quota that is used up an I/O error.
    static func named(_ error: any Error, _ db: Database) -> any Error {
        guard let error = error as? DatabaseError, error.extendedResultCode == .SQLITE_IOERR_WRITE else { return error }
        let code: ResultCode
        switch berth_log_errno(db.sqliteConnection) {
        case EDQUOT: code = .SQLITE_FULL
        case EROFS: code = .SQLITE_READONLY
        default: return error
        }
        return DatabaseError(resultCode: code, message: error.message, sql: error.sql)
    }

    static func isFullDisk(_ error: any Error) -> Bool { (error as? DatabaseError)?.resultCode == .SQLITE_FULL }

    /// Whether a failed COMMIT certainly left nothing: SQLite says FULL when it had no room to append the frames, and
    /// a transaction without its commit frame is none. The same holds where the system refused to write at all. BUSY
    /// comes before the first write.
    static func isKnownNotCommitted(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return [.SQLITE_FULL, .SQLITE_READONLY, .SQLITE_BUSY].contains(error.resultCode)
    }

    /// Whether a file, or its folder, could not be synced: what it holds is not known from then on.
    static func isFailedSync(_ error: DatabaseError) -> Bool {
        error.extendedResultCode == .SQLITE_IOERR_FSYNC || error.extendedResultCode == .SQLITE_IOERR_DIR_FSYNC
    }
}
