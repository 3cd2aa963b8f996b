#include "disk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/// Registers the shim once for the process (vfs.c).
void fault_vfs_register(void);

enum { MAX_DISKS = 65536 };

static struct disk *disks[MAX_DISKS];
static int disk_count;
static pthread_rwlock_t table = PTHREAD_RWLOCK_INITIALIZER;

struct disk *disk_at(int number) {
    pthread_rwlock_rdlock(&table);
    struct disk *found = number >= 0 && number < disk_count ? disks[number] : NULL;
    pthread_rwlock_unlock(&table);
    return found;
}

struct disk *disk_of(const char *path, const char **name) {
    if (!path) return NULL;
    const char *slash = strrchr(path, '/');
    if (!slash) return NULL;
    size_t length = (size_t)(slash - path);
    struct disk *found = NULL;
    pthread_rwlock_rdlock(&table);
    for (int index = disk_count - 1; index >= 0 && !found; index--) {
        struct disk *disk = disks[index];
        if (disk->is_attached && strlen(disk->folder) == length && !strncmp(disk->folder, path, length)) found = disk;
    }
    pthread_rwlock_unlock(&table);
    *name = slash + 1;
    return found;
}

int fault_disk_attach(const char *folder) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fault_vfs_register);
    struct disk *disk = calloc(1, sizeof *disk);
    char resolved[PATH_MAX];
    if (!disk || !realpath(folder, resolved) || strlen(resolved) >= sizeof disk->folder) {
        free(disk);
        return -1;
    }
    strcpy(disk->folder, resolved);
    disk->is_attached = 1;
    disk->failed_call = -1;
    pthread_mutex_init(&disk->mutex, NULL);
    pthread_cond_init(&disk->released, NULL);
    pthread_rwlock_wrlock(&table);
    int number = disk_count < MAX_DISKS ? disk_count++ : -1;
    if (number >= 0) disks[number] = disk;
    pthread_rwlock_unlock(&table);
    if (number < 0) free(disk);
    return number;
}

void fault_disk_detach(int number) {
    struct disk *disk = disk_at(number);
    if (!disk) return;
    // The disk itself stays: a handle that SQLite has not closed yet may still ask for it.
    pthread_rwlock_wrlock(&table);
    disk->is_attached = 0;
    pthread_rwlock_unlock(&table);
    pthread_mutex_lock(&disk->mutex);
    disk->is_recording = 0;
    for (int64_t index = 0; index < disk->event_count; index++) free(disk->events[index].bytes);
    free(disk->events);
    disk->events = NULL;
    disk->event_count = disk->event_capacity = 0;
    pthread_mutex_unlock(&disk->mutex);
}

int disk_inode(struct disk *disk, const char *name, int makes) {
    for (int index = disk->inode_count - 1; index >= 0; index--) {
        struct inode *inode = &disk->inodes[index];
        if (inode->is_linked && !strcmp(disk->names[inode->name], name)) return index;
    }
    if (!makes) return -1;
    int known = 0;
    while (known < disk->name_count && strcmp(disk->names[known], name)) known++;
    if (known == disk->name_count) {
        if (known == MAX_NAMES || strlen(name) >= NAME_LENGTH) abort();
        strcpy(disk->names[disk->name_count++], name);
    }
    disk->inodes = realloc(disk->inodes, sizeof *disk->inodes * (size_t)(disk->inode_count + 1));
    if (!disk->inodes) abort();
    disk->inodes[disk->inode_count] = (struct inode){.name = known, .is_linked = 1};
    return disk->inode_count++;
}

void disk_log(struct disk *disk, struct event event, const void *bytes) {
    if (!disk->is_recording) return;
    if (disk->event_count == disk->event_capacity) {
        disk->event_capacity = disk->event_capacity ? 2 * disk->event_capacity : 1024;
        disk->events = realloc(disk->events, sizeof *disk->events * (size_t)disk->event_capacity);
        if (!disk->events) abort();
    }
    if (bytes) {
        event.bytes = malloc((size_t)event.length);
        if (!event.bytes) abort();
        memcpy(event.bytes, bytes, (size_t)event.length);
    }
    disk->events[disk->event_count++] = event;
}

/// Reads or sets one member under the disk's mutex.
#define WITH(number, fallback, body) \
    struct disk *disk = disk_at(number); \
    if (!disk) return fallback; \
    pthread_mutex_lock(&disk->mutex); \
    body; \
    pthread_mutex_unlock(&disk->mutex)

#define SETTER(name, type, body) \
    void name(int number, type value) { WITH(number, , body); }

#define GETTER(type, name, member, fallback) \
    type name(int number) { \
        type value; \
        WITH(number, fallback, value = disk->member); \
        return value; \
    }

SETTER(fault_disk_slow_syncs, int, disk->sync_microseconds = value)
SETTER(fault_disk_set_full, int, disk->is_full = value)
SETTER(fault_disk_hold_syncs, int, disk->is_held = value; pthread_cond_broadcast(&disk->released))
GETTER(int64_t, fault_disk_position, event_count, 0)
GETTER(int64_t, fault_disk_calls, calls, 0)
GETTER(int, fault_disk_failed_call, failed_call, -1)
GETTER(const char *, fault_disk_failed_file, failed_file, "")
GETTER(int64_t, fault_disk_repeated_syncs, repeated_syncs, 0)
GETTER(int, fault_disk_held_syncs, held, 0)
GETTER(int64_t, fault_disk_syncs, syncs, 0)

void fault_disk_record(int number) { WITH(number, , disk->is_recording = 1); }

void fault_disk_lie_about_syncs(int number) { WITH(number, , disk->lies = 1); }

void fault_disk_switch_off(int number) {
    WITH(number, , disk->is_off = 1; disk->is_held = 0; pthread_cond_broadcast(&disk->released));
}

void fault_disk_fail(int number, int64_t at, fault_variant variant) {
    WITH(number, , disk->calls = 0; disk->fail_at = at; disk->variant = variant; disk->failed_call = -1);
}

fault_event fault_disk_event(int number, int64_t position) {
    fault_event kind;
    WITH(number, FAULT_SYNC, kind = disk->events[position].kind);
    return kind;
}

const char *fault_disk_event_file(int number, int64_t position) {
    const char *name;
    WITH(number, "", name = disk->names[disk->inodes[disk->events[position].inode].name]);
    return name;
}
