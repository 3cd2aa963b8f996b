#ifndef CFAULTVFS_H
#define CFAULTVFS_H

#include <stdint.h>

/// A shim over SQLite's unix VFS, for tests alone. It becomes the process-wide default, and passes every file through
/// untouched but those in folders that a test has attached as a *disk*
/// (https://www.sqlite.org/vfs.html, 2.3).
///
/// A disk is named by a small number. It records every change of its files, so that what a power loss leaves can be
/// worked out later; it fails the call that a test names; it can be full, slow, held or switched off.

/// Attaches the folder and returns the disk's number, or -1. The first call registers the shim.
int fault_disk_attach(const char *folder);
/// Lets go of the disk: its record is freed, and files opened from now on pass through.
void fault_disk_detach(int disk);

// The record

typedef enum {
    FAULT_CREATE, FAULT_WRITE, FAULT_TRUNCATE, FAULT_EXTEND, FAULT_SYNC, FAULT_UNLINK
} fault_event;

/// Starts to record changes.
void fault_disk_record(int disk);
/// How many changes were recorded.
int64_t fault_disk_position(int disk);
/// What kind of change is recorded there.
fault_event fault_disk_event(int disk, int64_t position);
/// The name of the file that it changed; valid until the disk is detached.
const char *fault_disk_event_file(int disk, int64_t position);
/// How long a sync takes.
void fault_disk_slow_syncs(int disk, int microseconds);

// Faults

/// The calls that can fail.
typedef enum {
    FAULT_CALL_OPEN, FAULT_CALL_READ, FAULT_CALL_WRITE, FAULT_CALL_TRUNCATE, FAULT_CALL_SYNC, FAULT_CALL_SIZE,
    FAULT_CALL_DELETE, FAULT_CALL_ACCESS, FAULT_CALL_LOCK, FAULT_CALL_SHARED_MAP, FAULT_CALL_SHARED_LOCK
} fault_call;

/// How a call fails: with the I/O error of its kind, as on a full disk, or as on a full disk after half of the bytes.
/// Where a variant means nothing for the kind of call, the first one is meant.
typedef enum { FAULT_ERROR, FAULT_FULL, FAULT_SHORT } fault_variant;

/// Lets the call number `at`, counted from 1 and from here on, fail; 0 for none.
void fault_disk_fail(int disk, int64_t at, fault_variant variant);
/// How many calls there were since ``fault_disk_fail``.
int64_t fault_disk_calls(int disk);
/// The kind of the call that failed; -1 when none has.
int fault_disk_failed_call(int disk);
/// The name of the file that the failed call was for; empty when none has failed.
const char *fault_disk_failed_file(int disk);
/// Syncs of a file whose sync had failed before.
int64_t fault_disk_repeated_syncs(int disk);
/// Pretends from now on that no file's first failed sync told anybody: the sync answers OK and loses what it was for.
void fault_disk_lie_about_syncs(int disk);
/// Whether files can grow: on a full disk only bytes that were allocated before can be written.
void fault_disk_set_full(int disk, int is_full);
/// Switches the disk off: nothing reaches it any more, as after the process has ended.
void fault_disk_switch_off(int disk);
/// Holds every sync until it is called with 0.
void fault_disk_hold_syncs(int disk, int is_held);
/// How many syncs are held now.
int fault_disk_held_syncs(int disk);
/// How many syncs were finished so far.
int64_t fault_disk_syncs(int disk);

// Power loss

/// What a disk holds on the way through its record: what was synced, and what was not.
typedef struct power_loss power_loss;

/// Starts at the record's beginning, with nothing. The record must not grow any more, and outlive it.
power_loss *power_loss_create(int disk);
void power_loss_destroy(power_loss *);
/// Goes on to the state before the change at `position`, which must not lie behind.
void power_loss_advance(power_loss *, int64_t position);
/// Cuts the power here. What was synced survives; of everything else the seed decides what was lost, torn or written
/// in another order. Returns a hash of what survives.
uint64_t power_loss_cut(power_loss *, uint64_t seed);
/// Writes what survived the last cut into a folder; 0, or an errno.
int power_loss_write(const power_loss *, const char *folder);

#endif
