/* Preloaded by `instructions`. The main thread of libdispatch waits with a mask in read-only memory, and valgrind 3.19 writes
   to the mask that it is given. So it is given a copy. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's mask has a bit for each of 64 signals; the C library's has room for more. */
enum { kernel_mask_bytes = 8 };

int sigsuspend(const sigset_t *mask) {
    sigset_t own = *mask;
    return syscall(SYS_rt_sigsuspend, &own, kernel_mask_bytes);
}
