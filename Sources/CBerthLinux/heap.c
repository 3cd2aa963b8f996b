// How much memory malloc(3) keeps for later.
#include "CBerthLinux.h"

#include <malloc.h>

void berth_limit_arenas(int count) {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, count);
#else
    (void)count;
#endif
}

void berth_trim_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
