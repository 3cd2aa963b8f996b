// File systems (statfs(2)).
#include "CBerthLinux.h"

#include <errno.h>
#include <sys/vfs.h>

int berth_file_system(const char *path, uint64_t *kind) {
    struct statfs status;
    if (statfs(path, &status) < 0) return -errno;
    *kind = (uint64_t)status.f_type;
    return 0;
}
