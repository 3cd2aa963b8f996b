#ifndef CBERTHSQLITE_H
#define CBERTHSQLITE_H

#include <sqlite3.h>

/// Keeps this connection from checkpointing when it closes, even as the last one
/// (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE). sqlite3_db_config is variadic, which Swift cannot call.
static inline int berth_no_checkpoint_on_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

#endif
