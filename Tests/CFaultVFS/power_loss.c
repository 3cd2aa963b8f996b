#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"

enum { SECTOR = 512 };

struct image {
    unsigned char *bytes;
    int64_t length, capacity;
};

/// Numbers of changes in the record, in order.
struct list {
    int64_t *items;
    int64_t count, capacity;
};

/// One file: what was synced, and the changes that were not.
struct file {
    struct image durable;
    struct list pending;
};

/// One name of the folder: the inode it durably stands for (-1 for none), its unsynced changes, and what survived.
struct entry {
    int durable;
    struct list pending;
    int survives;
    struct image survivor;
};

struct power_loss {
    struct disk *disk;
    int64_t position;
    struct file *files;
    int file_count;
    struct entry entries[MAX_NAMES];
};

// Memory: a test that has none left stops.

static void *grown(void *memory, int64_t size) {
    memory = realloc(memory, (size_t)size);
    if (!memory) abort();
    return memory;
}

static void append(struct list *list, int64_t item) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->items = grown(list->items, list->capacity * (int64_t)sizeof *list->items);
    }
    list->items[list->count++] = item;
}

/// Makes the image that long; new bytes are zeros, as in a file.
static void resize(struct image *image, int64_t length) {
    if (length > image->capacity) {
        image->capacity = length * 2;
        image->bytes = grown(image->bytes, image->capacity);
    }
    if (length > image->length) memset(image->bytes + image->length, 0, (size_t)(length - image->length));
    image->length = length;
}

static void put(struct image *image, int64_t offset, const unsigned char *bytes, int64_t length) {
    if (length == 0) return;
    if (offset + length > image->length) resize(image, offset + length);
    memcpy(image->bytes + offset, bytes, (size_t)length);
}

static void apply(struct image *image, const struct event *event) {
    switch (event->kind) {
    case FAULT_WRITE: put(image, event->offset, event->bytes, event->length); break;
    case FAULT_TRUNCATE: resize(image, event->offset); break;
    case FAULT_EXTEND: if (event->offset > image->length) resize(image, event->offset); break;
    case FAULT_CREATE: case FAULT_SYNC: case FAULT_UNLINK: break;
    }
}

// The record, up to the cut

power_loss *power_loss_create(int number) {
    power_loss *loss = calloc(1, sizeof *loss);
    if (!loss) abort();
    loss->disk = disk_at(number);
    loss->file_count = loss->disk->inode_count;
    loss->files = calloc((size_t)loss->file_count + 1, sizeof *loss->files);
    if (!loss->files) abort();
    for (int name = 0; name < MAX_NAMES; name++) loss->entries[name].durable = -1;
    return loss;
}

void power_loss_destroy(power_loss *loss) {
    for (int file = 0; file < loss->file_count; file++) {
        free(loss->files[file].durable.bytes);
        free(loss->files[file].pending.items);
    }
    for (int name = 0; name < MAX_NAMES; name++) {
        free(loss->entries[name].pending.items);
        free(loss->entries[name].survivor.bytes);
    }
    free(loss->files);
    free(loss);
}

static void change_entry(struct entry *entry, const struct event *event) {
    if (event->kind == FAULT_CREATE) entry->durable = event->inode;
    else if (entry->durable == event->inode) entry->durable = -1;
}

static void sync_folder(power_loss *loss) {
    for (int name = 0; name < MAX_NAMES; name++) {
        struct entry *entry = &loss->entries[name];
        for (int64_t index = 0; index < entry->pending.count; index++)
            change_entry(entry, &loss->disk->events[entry->pending.items[index]]);
        entry->pending.count = 0;
    }
}

void power_loss_advance(power_loss *loss, int64_t position) {
    for (; loss->position < position; loss->position++) {
        const struct event *event = &loss->disk->events[loss->position];
        struct file *file = &loss->files[event->inode];
        switch (event->kind) {
        case FAULT_WRITE: case FAULT_TRUNCATE: case FAULT_EXTEND: append(&file->pending, loss->position); break;
        case FAULT_CREATE: case FAULT_UNLINK:
            append(&loss->entries[loss->disk->inodes[event->inode].name].pending, loss->position);
            if (event->syncs_folder) sync_folder(loss);
            break;
        case FAULT_SYNC:
            for (int64_t index = 0; index < file->pending.count; index++)
                apply(&file->durable, &loss->disk->events[file->pending.items[index]]);
            file->pending.count = 0;
            if (event->syncs_folder) sync_folder(loss);
            break;
        }
    }
}

// The cut

/// SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
static uint64_t next(uint64_t *seed) {
    uint64_t mixed = *seed += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

static int64_t below(uint64_t *seed, int64_t bound) { return bound > 0 ? (int64_t)(next(seed) % (uint64_t)bound) : 0; }

/// Applies the sectors of a write that the seed keeps: from the file's sectors, not the write's.
static void apply_sectors(struct image *image, const struct event *event, uint64_t *seed) {
    int64_t at = event->offset, end = event->offset + event->length;
    while (at < end) {
        int64_t stop = (at / SECTOR + 1) * SECTOR < end ? (at / SECTOR + 1) * SECTOR : end;
        if (next(seed) & 1) put(image, at, event->bytes + (at - event->offset), stop - at);
        at = stop;
    }
}

/// Applies the beginning of a write: up to a byte, or to the end of a sector.
static void apply_torn(struct image *image, const struct event *event, uint64_t *seed) {
    int64_t length = below(seed, event->length + 1);
    if (next(seed) & 1) length -= (event->offset + length) % SECTOR;
    put(image, event->offset, event->bytes, length < 0 ? 0 : length);
}

/// In which way the unsynced changes of one file survive.
enum loss { ALL_LOST, ALL_KEPT, SOME, SECTORS, PREFIX, REORDERED, ONE_LOST, TORN, LOSSES };

static void cut_file(power_loss *loss, const struct file *file, struct image *image, uint64_t *seed) {
    const struct event *events = loss->disk->events;
    int64_t count = file->pending.count;
    image->length = 0;
    put(image, 0, file->durable.bytes, file->durable.length);
    if (count == 0) return;
    enum loss way = (enum loss)below(seed, LOSSES);
    int64_t chosen = below(seed, count);
    int64_t *order = grown(NULL, count * (int64_t)sizeof *order);
    memcpy(order, file->pending.items, (size_t)count * sizeof *order);
    if (way == REORDERED) {
        for (int64_t index = count - 1; index > 0; index--) {
            int64_t other = below(seed, index + 1), item = order[index];
            order[index] = order[other];
            order[other] = item;
        }
    }
    for (int64_t index = 0; index < count; index++) {
        const struct event *event = &events[order[index]];
        int is_write = event->kind == FAULT_WRITE;
        switch (way) {
        case ALL_LOST: break;
        case ALL_KEPT: apply(image, event); break;
        case SOME: if (next(seed) & 1) apply(image, event); break;
        case SECTORS:
            if (is_write) apply_sectors(image, event, seed);
            else if (next(seed) & 1) apply(image, event);
            break;
        case PREFIX:
            if (index < chosen) apply(image, event);
            else if (index == chosen && is_write) apply_torn(image, event, seed);
            break;
        case REORDERED: if (index <= chosen) apply(image, event); break;
        case ONE_LOST: if (index != chosen) apply(image, event); break;
        case TORN:
            if (is_write && below(seed, 4) == 0) apply_torn(image, event, seed);
            else apply(image, event);
            break;
        case LOSSES: break;
        }
    }
    free(order);
    // The file system may have noted the new length, and not yet the bytes: they read as zeros.
    if (below(seed, 4) == 0) {
        for (int64_t index = 0; index < count; index++) {
            const struct event *event = &events[file->pending.items[index]];
            if (event->kind == FAULT_WRITE && event->offset + event->length > image->length)
                resize(image, event->offset + event->length);
        }
    }
}

static uint64_t mixed(uint64_t hash, uint64_t value) {
    hash ^= value;
    hash *= 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
}

static uint64_t hashed(uint64_t hash, const struct image *image) {
    int64_t index = 0;
    for (; index + 8 <= image->length; index += 8) {
        uint64_t word;
        memcpy(&word, image->bytes + index, 8);
        hash = mixed(hash, word);
    }
    for (; index < image->length; index++) hash = mixed(hash, image->bytes[index]);
    return mixed(hash, (uint64_t)image->length);
}

uint64_t power_loss_cut(power_loss *loss, uint64_t seed) {
    uint64_t hash = 1;
    for (int name = 0; name < loss->disk->name_count; name++) {
        struct entry *entry = &loss->entries[name];
        // Of one name's changes, the first ones survive: no file system reorders those.
        struct entry cut = {.durable = entry->durable};
        int64_t count = below(&seed, entry->pending.count + 1);
        for (int64_t index = 0; index < count; index++)
            change_entry(&cut, &loss->disk->events[entry->pending.items[index]]);
        entry->survives = cut.durable >= 0;
        if (entry->survives) cut_file(loss, &loss->files[cut.durable], &entry->survivor, &seed);
        hash = mixed(hash, (uint64_t)entry->survives + 2);
        if (entry->survives) hash = hashed(hash, &entry->survivor);
    }
    return hash;
}

int power_loss_write(const power_loss *loss, const char *folder) {
    for (int name = 0; name < loss->disk->name_count; name++) {
        const struct entry *entry = &loss->entries[name];
        if (!entry->survives) continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, loss->disk->names[name]);
        int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0) return errno;
        for (int64_t at = 0; at < entry->survivor.length;) {
            ssize_t written = write(file, entry->survivor.bytes + at, (size_t)(entry->survivor.length - at));
            if (written < 0) {
                int code = errno;
                close(file);
                return code;
            }
            at += written;
        }
        close(file);
    }
    return 0;
}
