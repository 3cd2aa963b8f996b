// Processes by descriptor (pidfd_open(2)), and the limits of our own.
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// <linux/magic.h> has it since Linux 6.9 only; older headers build Berth too.
#define BERTH_PIDFS_MAGIC 0x50494446

int berth_pidfd_open(int32_t pid) {
#ifdef SYS_pidfd_open
    // The kernel sets close-on-exec on every pidfd.
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
#else
    (void)pid;
    return -ENOSYS;
#endif
}

int berth_pidfd_has_ended(int pidfd) {
    struct pollfd poll_request = {.fd = pidfd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&poll_request, 1, 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return -errno;
    return ready > 0;
}

int berth_pidfd_inode(int pidfd, uint64_t *inode) {
    struct statfs filesystem;
    struct stat status;
    if (fstatfs(pidfd, &filesystem) < 0) return -errno;
    // Before pidfs, all pidfds shared the one inode of anon_inodefs, which tells nothing.
    if ((unsigned long)filesystem.f_type != BERTH_PIDFS_MAGIC) return 0;
    if (fstat(pidfd, &status) < 0) return -errno;
    *inode = status.st_ino;
    return 1;
}

int berth_process_exists(int32_t pid) {
    return kill(pid, 0) == 0 ? 0 : -errno;
}

int berth_name_thread(const char *name) {
    return -pthread_setname_np(pthread_self(), name);
}

int berth_raise_descriptor_limit(uint64_t *limit) {
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) < 0) return -errno;
    if (limits.rlim_cur != limits.rlim_max) {
        struct rlimit raised = {.rlim_cur = limits.rlim_max, .rlim_max = limits.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) < 0) return -errno;
    }
    *limit = limits.rlim_max;
    return 0;
}
