#include "CBerthSQLite.h"
