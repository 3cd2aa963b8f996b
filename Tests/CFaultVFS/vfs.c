#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "disk.h"

static sqlite3_vfs *unix_vfs;
static sqlite3_vfs shim;

/// An open file of a disk; the unix VFS's own one lies right behind it.
struct handle {
    sqlite3_file base;
    struct disk *disk;
    int inode;
    /// The unix VFS syncs the folder with the first sync of a journal or log that it may have made
    /// (UNIXFILE_DIRSYNC in os_unix.c).
    int syncs_folder;
};

static sqlite3_file *below(sqlite3_file *file) { return (sqlite3_file *)((struct handle *)file + 1); }
#define HANDLE(file) ((struct handle *)(file))
#define BELOW(file) (below(file)->pMethods)

static int failure(fault_call call, fault_variant variant) {
    switch (call) {
    case FAULT_CALL_OPEN: return SQLITE_CANTOPEN;
    case FAULT_CALL_READ: return SQLITE_IOERR_READ;
    case FAULT_CALL_WRITE: return variant == FAULT_ERROR ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    case FAULT_CALL_TRUNCATE: return SQLITE_IOERR_TRUNCATE;
    case FAULT_CALL_SYNC: return SQLITE_IOERR_FSYNC;
    case FAULT_CALL_SIZE: return SQLITE_IOERR_FSTAT;
    case FAULT_CALL_DELETE: return SQLITE_IOERR_DELETE;
    case FAULT_CALL_ACCESS: return SQLITE_IOERR_ACCESS;
    case FAULT_CALL_LOCK: return SQLITE_IOERR_LOCK;
    case FAULT_CALL_SHARED_MAP: return variant == FAULT_ERROR ? SQLITE_IOERR_SHMMAP : SQLITE_IOERR_SHMSIZE;
    case FAULT_CALL_SHARED_LOCK: return SQLITE_IOERR_SHMLOCK;
    }
    return SQLITE_IOERR;
}

/// Counts a call. Returns SQLITE_OK when it is to go on. The mutex must be held.
static int enter(struct disk *disk, fault_call call, const char *name) {
    if (disk->is_off) return SQLITE_IOERR;
    disk->calls++;
    if (disk->fail_at == 0 || disk->calls != disk->fail_at) return SQLITE_OK;
    disk->failed_call = call;
    strncpy(disk->failed_file, name ? name : "", NAME_LENGTH - 1);
    return failure(call, disk->variant);
}

static int enter_file(sqlite3_file *file, fault_call call) {
    struct disk *disk = HANDLE(file)->disk;
    pthread_mutex_lock(&disk->mutex);
    int code = enter(disk, call, disk->names[disk->inodes[HANDLE(file)->inode].name]);
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_close(sqlite3_file *file) { return BELOW(file)->xClose(below(file)); }

static int shim_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = enter_file(file, FAULT_CALL_READ);
    return code ? code : BELOW(file)->xRead(below(file), bytes, count, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    struct disk *disk = HANDLE(file)->disk;
    pthread_mutex_lock(&disk->mutex);
    struct inode *inode = &disk->inodes[HANDLE(file)->inode];
    int code = enter(disk, FAULT_CALL_WRITE, disk->names[inode->name]);
    int length = count;
    if (code) {
        length = disk->failed_call == FAULT_CALL_WRITE && disk->variant == FAULT_SHORT && !disk->is_off ? count / 2 : 0;
    } else if (disk->is_full && offset + count > inode->allocated) {
        code = SQLITE_FULL;
        length = inode->allocated > offset ? (int)(inode->allocated - offset) : 0;
    }
    if (length > 0) {
        int written = BELOW(file)->xWrite(below(file), bytes, length, offset);
        if (written) code = written;
        if (offset + length > inode->allocated) inode->allocated = offset + length;
        struct event event = {.kind = FAULT_WRITE, .inode = HANDLE(file)->inode, .offset = offset, .length = length};
        disk_log(disk, event, bytes);
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
    struct disk *disk = HANDLE(file)->disk;
    pthread_mutex_lock(&disk->mutex);
    struct inode *inode = &disk->inodes[HANDLE(file)->inode];
    int code = enter(disk, FAULT_CALL_TRUNCATE, disk->names[inode->name]);
    if (!code) code = BELOW(file)->xTruncate(below(file), size);
    if (!code) {
        if (inode->allocated > size) inode->allocated = size;
        disk_log(disk, (struct event){.kind = FAULT_TRUNCATE, .inode = HANDLE(file)->inode, .offset = size}, NULL);
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static void pause_for(int microseconds) {
    struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = (microseconds % 1000000) * 1000L};
    nanosleep(&time, NULL);
}

static int shim_sync(sqlite3_file *file, int flags) {
    struct disk *disk = HANDLE(file)->disk;
    pthread_mutex_lock(&disk->mutex);
    disk->held++;
    while (disk->is_held) pthread_cond_wait(&disk->released, &disk->mutex);
    disk->held--;
    int microseconds = disk->sync_microseconds;
    if (microseconds && !disk->is_off) {
        // Others go on meanwhile; the writing connection, whose sync it is, does not.
        pthread_mutex_unlock(&disk->mutex);
        pause_for(microseconds);
        pthread_mutex_lock(&disk->mutex);
    }
    struct inode *inode = &disk->inodes[HANDLE(file)->inode];
    int code = enter(disk, FAULT_CALL_SYNC, disk->names[inode->name]);
    if (!disk->is_off && inode->has_failed_sync) disk->repeated_syncs++;
    if (code) {
        if (!disk->is_off) inode->has_failed_sync = 1;
        if (disk->lies && !disk->is_off) code = SQLITE_OK;
    } else {
        code = BELOW(file)->xSync(below(file), flags);
        struct event event = {
            .kind = FAULT_SYNC, .inode = HANDLE(file)->inode, .syncs_folder = HANDLE(file)->syncs_folder};
        HANDLE(file)->syncs_folder = 0;
        disk->syncs++;
        disk_log(disk, event, NULL);
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_file_size(sqlite3_file *file, sqlite3_int64 *size) {
    int code = enter_file(file, FAULT_CALL_SIZE);
    return code ? code : BELOW(file)->xFileSize(below(file), size);
}

static int shim_lock(sqlite3_file *file, int kind) {
    int code = enter_file(file, FAULT_CALL_LOCK);
    return code ? code : BELOW(file)->xLock(below(file), kind);
}

static int shim_unlock(sqlite3_file *file, int kind) { return BELOW(file)->xUnlock(below(file), kind); }

static int shim_check_reserved_lock(sqlite3_file *file, int *answer) {
    int code = enter_file(file, FAULT_CALL_LOCK);
    return code ? code : BELOW(file)->xCheckReservedLock(below(file), answer);
}

/// SQLITE_FCNTL_SIZE_HINT allocates room ahead, when a chunk size was set.
static int extend(sqlite3_file *file, sqlite3_int64 *hint) {
    struct disk *disk = HANDLE(file)->disk;
    pthread_mutex_lock(&disk->mutex);
    struct inode *inode = &disk->inodes[HANDLE(file)->inode];
    int code = disk->is_off ? SQLITE_IOERR : SQLITE_OK;
    if (!code && disk->is_full && *hint > inode->allocated) code = SQLITE_FULL;
    sqlite3_int64 before = 0, after = 0;
    if (!code) code = BELOW(file)->xFileSize(below(file), &before);
    if (!code) code = BELOW(file)->xFileControl(below(file), SQLITE_FCNTL_SIZE_HINT, hint);
    if (!code) code = BELOW(file)->xFileSize(below(file), &after);
    if (!code && after > before) {
        inode->allocated = after;
        disk_log(disk, (struct event){.kind = FAULT_EXTEND, .inode = HANDLE(file)->inode, .offset = after}, NULL);
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_file_control(sqlite3_file *file, int operation, void *argument) {
    if (operation == SQLITE_FCNTL_SIZE_HINT) return extend(file, argument);
    return BELOW(file)->xFileControl(below(file), operation, argument);
}

static int shim_sector_size(sqlite3_file *file) { return BELOW(file)->xSectorSize(below(file)); }

static int shim_characteristics(sqlite3_file *file) { return BELOW(file)->xDeviceCharacteristics(below(file)); }

static int shim_shared_map(sqlite3_file *file, int page, int size, int makes, void volatile **memory) {
    int code = enter_file(file, FAULT_CALL_SHARED_MAP);
    return code ? code : BELOW(file)->xShmMap(below(file), page, size, makes, memory);
}

static int shim_shared_lock(sqlite3_file *file, int offset, int count, int flags) {
    // Giving a lock back never fails.
    int code = flags & SQLITE_SHM_UNLOCK ? SQLITE_OK : enter_file(file, FAULT_CALL_SHARED_LOCK);
    return code ? code : BELOW(file)->xShmLock(below(file), offset, count, flags);
}

static void shim_shared_barrier(sqlite3_file *file) { BELOW(file)->xShmBarrier(below(file)); }

static int shim_shared_unmap(sqlite3_file *file, int deletes) {
    return BELOW(file)->xShmUnmap(below(file), HANDLE(file)->disk->is_off ? 0 : deletes);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = shim_close, .xRead = shim_read, .xWrite = shim_write, .xTruncate = shim_truncate,
    .xSync = shim_sync, .xFileSize = shim_file_size, .xLock = shim_lock, .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_reserved_lock, .xFileControl = shim_file_control,
    .xSectorSize = shim_sector_size, .xDeviceCharacteristics = shim_characteristics, .xShmMap = shim_shared_map,
    .xShmLock = shim_shared_lock, .xShmBarrier = shim_shared_barrier, .xShmUnmap = shim_shared_unmap};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    const char *name = NULL;
    struct disk *disk = disk_of(path, &name);
    // A file that is none of a test's is the unix VFS's own from here on.
    if (!disk) return unix_vfs->xOpen(unix_vfs, path, file, flags, out);
    struct handle *handle = HANDLE(file);
    *handle = (struct handle){.disk = disk};
    pthread_mutex_lock(&disk->mutex);
    int code = enter(disk, FAULT_CALL_OPEN, name);
    int existed = 0;
    if (!code) unix_vfs->xAccess(unix_vfs, path, SQLITE_ACCESS_EXISTS, &existed);
    if (!code) code = unix_vfs->xOpen(unix_vfs, path, below(file), flags, out);
    if (!code) {
        handle->inode = disk_inode(disk, name, 1);
        handle->syncs_folder =
            (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) ? 1 : 0;
        struct inode *inode = &disk->inodes[handle->inode];
        sqlite3_int64 size = 0;
        if (existed && !BELOW(file)->xFileSize(below(file), &size) && size > inode->allocated) inode->allocated = size;
        if (!existed) disk_log(disk, (struct event){.kind = FAULT_CREATE, .inode = handle->inode}, NULL);
        handle->base.pMethods = &methods;
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int syncs_folder) {
    (void)vfs;
    const char *name = NULL;
    struct disk *disk = disk_of(path, &name);
    if (!disk) return unix_vfs->xDelete(unix_vfs, path, syncs_folder);
    pthread_mutex_lock(&disk->mutex);
    int code = enter(disk, FAULT_CALL_DELETE, name);
    if (!code) code = unix_vfs->xDelete(unix_vfs, path, syncs_folder);
    int inode = code ? -1 : disk_inode(disk, name, 0);
    if (inode >= 0) {
        disk->inodes[inode].is_linked = 0;
        disk_log(disk, (struct event){.kind = FAULT_UNLINK, .inode = inode, .syncs_folder = syncs_folder}, NULL);
    }
    pthread_mutex_unlock(&disk->mutex);
    return code;
}

static int shim_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer) {
    (void)vfs;
    const char *name = NULL;
    struct disk *disk = disk_of(path, &name);
    if (disk) {
        pthread_mutex_lock(&disk->mutex);
        int code = enter(disk, FAULT_CALL_ACCESS, name);
        pthread_mutex_unlock(&disk->mutex);
        if (code) return code;
    }
    return unix_vfs->xAccess(unix_vfs, path, flags, answer);
}

static int shim_full_path(sqlite3_vfs *vfs, const char *name, int count, char *path) {
    (void)vfs;
    return unix_vfs->xFullPathname(unix_vfs, name, count, path);
}

void fault_vfs_register(void);

void fault_vfs_register(void) {
    sqlite3_initialize();
    unix_vfs = sqlite3_vfs_find("unix");
    // Everything that is not named here is the unix VFS's, called with the shim, whose data it never looks at.
    shim = *unix_vfs;
    shim.pNext = NULL;
    shim.zName = "berth-fault";
    shim.szOsFile = (int)sizeof(struct handle) + unix_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    shim.xAccess = shim_access;
    shim.xFullPathname = shim_full_path;
    sqlite3_vfs_register(&shim, 1);
}
