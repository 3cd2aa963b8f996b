// Tells ThreadSanitizer of the waiting side of Synchronization's Mutex. Preloaded by tools/sanitize thread.
//
// A Mutex that is free is taken and given back by atomic operations that are compiled into its user, which the sanitizer
// sees. One that is taken goes through two functions of libswiftSynchronization, which is not built with the sanitizer: there
// the kernel hands the lock over (FUTEX_LOCK_PI, futex(2)), and without a word to the sanitizer whatever two threads did
// under that lock looks like a race. The two functions keep their effect; only the order that they make is told.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CONTEXT __attribute__((swift_context))
#define SWIFTCALL __attribute__((swiftcall))

// Synchronization._MutexHandle._lockSlow(_: UInt32) and ._unlockSlow(), of the Swift 6 releases.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFTCALL void lock_slow_function(uint32_t thread, CONTEXT void *handle);
typedef SWIFTCALL void unlock_slow_function(CONTEXT void *handle);

// Of the sanitizer's runtime; absent from programs that are built without it, which are started with this too.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        fprintf(stderr, "tools/sanitizers/mutex.c: this Swift's Mutex has no %s\n", name);
        abort();
    }
    return found;
}

SWIFTCALL void lock_slow(uint32_t thread, CONTEXT void *handle) __asm__(LOCK_SLOW);
SWIFTCALL void lock_slow(uint32_t thread, CONTEXT void *handle) {
    ((lock_slow_function *)next(LOCK_SLOW))(thread, handle);
    if (__tsan_acquire != NULL) __tsan_acquire(handle);
}

SWIFTCALL void unlock_slow(CONTEXT void *handle) __asm__(UNLOCK_SLOW);
SWIFTCALL void unlock_slow(CONTEXT void *handle) {
    if (__tsan_release != NULL) __tsan_release(handle);
    ((unlock_slow_function *)next(UNLOCK_SLOW))(handle);
}
