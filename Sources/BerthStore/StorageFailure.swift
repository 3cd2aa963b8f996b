import BerthCore
import GRDB

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
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            return BerthError(
                .storageUnavailable,
                "The database cannot be written. Nothing was changed; mend its disk and ask again.",
                cause: error)
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

    static func isFullDisk(_ error: any Error) -> Bool { (error as? DatabaseError)?.resultCode == .SQLITE_FULL }

    /// Whether a failed COMMIT certainly left nothing: SQLite says FULL when it had no room to append the frames, and
    /// a transaction without its commit frame is none. BUSY comes before the first write.
    static func isKnownNotCommitted(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return error.resultCode == .SQLITE_FULL || error.resultCode == .SQLITE_BUSY
    }

    /// Whether a file, or its folder, could not be synced: what it holds is not known from then on.
    static func isFailedSync(_ error: DatabaseError) -> Bool {
        error.extendedResultCode == .SQLITE_IOERR_FSYNC || error.extendedResultCode == .SQLITE_IOERR_DIR_FSYNC
    }
}
