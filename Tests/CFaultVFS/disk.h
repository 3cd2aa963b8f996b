#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <pthread.h>
#include <stdint.h>

#include "CFaultVFS.h"

enum { MAX_NAMES = 16, NAME_LENGTH = 64 };

/// One change of a file. `bytes` are the disk's own.
struct event {
    fault_event kind;
    int inode;
    /// The sync made the folder's entries durable too.
    int syncs_folder;
    int64_t offset;
    int64_t length;
    unsigned char *bytes;
};

/// A file's identity: a name that is deleted and made again is another one.
struct inode {
    int name;
    int is_linked;
    int has_failed_sync;
    /// Bytes that can be written although the disk is full.
    int64_t allocated;
};

struct disk {
    int is_attached;
    char folder[4096];
    pthread_mutex_t mutex;
    pthread_cond_t released;
    char names[MAX_NAMES][NAME_LENGTH];
    int name_count;
    struct inode *inodes;
    int inode_count;
    struct event *events;
    int64_t event_count, event_capacity;
    int is_recording, is_full, is_off, lies, is_held, held;
    int sync_microseconds;
    int64_t calls, fail_at, repeated_syncs, syncs;
    fault_variant variant;
    int failed_call;
    char failed_file[NAME_LENGTH];
};

/// The disk with this number; NULL when there is none.
struct disk *disk_at(int number);
/// The attached disk that holds this path, and the file's name in it; NULL for a path that is none of a test's.
struct disk *disk_of(const char *path, const char **name);
/// The inode that the name stands for now; -1 when there is none and `makes` is 0.
int disk_inode(struct disk *, const char *name, int makes);
/// Adds a change to the record, when one is kept. It copies the bytes. The mutex must be held.
void disk_log(struct disk *, struct event, const void *bytes);

#endif
