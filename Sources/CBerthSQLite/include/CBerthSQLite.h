#ifndef CBERTHSQLITE_H
#define CBERTHSQLITE_H

#include <sqlite3.h>

/// Whether this connection checkpoints when it closes as the last one (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).
/// sqlite3_db_config is variadic, which Swift cannot call.
static inline int berth_checkpoint_on_close(sqlite3 *connection, int checkpoints) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !checkpoints, (int *)0);
}

/// Lets names of files be URIs (SQLITE_CONFIG_URI); SQLITE_MISUSE once SQLite runs. sqlite3_config is variadic too.
static inline int berth_accept_uris(void) {
    return sqlite3_config(SQLITE_CONFIG_URI, 1);
}

#endif
