// The system's SQLite, which is the one that Berth links.
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

#endif
