#ifndef CBERTHSQLITE_H
#define CBERTHSQLITE_H

#include <sqlite3.h>

/// Whether this connection checkpoints when it closes as the last one (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
/// sqlite3_db_config is variadic, which Swift cannot call.
static inline int berth_checkpoint_on_close(sqlite3 *connection, int checkpoints) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !checkpoints, (int *)0);
}

/// The errno of the last write to the connection's write-ahead log that failed; 0 where none has, or it failed for want of
/// room. SQLite keeps it for each file, and sqlite3_system_errno is not set by a COMMIT.
/// https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, JOURNAL_POINTER and LAST_ERRNO
static inline int berth_log_errno(sqlite3 *connection) {
    sqlite3_file *file = 0;
    int number = 0;
    if (sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return 0;
    if (!file || !file->pMethods) return 0;
    return file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK ? number : 0;
}

/// What holds for the whole process and must be said before SQLite runs; SQLITE_MISUSE when it runs already.
/// sqlite3_config is variadic too. https://www.sqlite.org/c3ref/c_config_covering_index_scan.html
static inline int berth_configure(int statement_journal_bytes) {
    /* Names of files may be URIs. */
    int result = sqlite3_config(SQLITE_CONFIG_URI, 1);
    /* No statistics of memory: they take a lock for each piece that is taken or given back. */
    if (result == SQLITE_OK) result = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    /* Up to here, the pages that a savepoint may have to go back to stay in memory, in one piece. */
    if (result == SQLITE_OK) result = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, statement_journal_bytes);
    return result;
}

#endif
