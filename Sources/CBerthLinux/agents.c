// What is asked of Linux to start agents, to bound their logs and to end them.
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// <sys/wait.h> has P_PIDFD since glibc 2.36 only, as a number of an enum.
#define BERTH_P_PIDFD 3

int berth_spawn_session_flag(void) {
    return POSIX_SPAWN_SETSID;
}

int berth_pidfd_signal(int pidfd, int number) {
#ifdef SYS_pidfd_send_signal
    return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 ? -errno : 0;
#else
    (void)pidfd;
    (void)number;
    return -ENOSYS;
#endif
}

int berth_pidfd_reap(int pidfd) {
    siginfo_t information = {0};
    int result;
    do {
        result = waitid((idtype_t)BERTH_P_PIDFD, (id_t)pidfd, &information, WEXITED | WNOHANG);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    return information.si_pid != 0;
}

int berth_memory_file(const char *name) {
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int berth_socket_pair(int32_t *ends) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}

static int change(int descriptor, int mode, int64_t start, int64_t length) {
    int result;
    do {
        result = fallocate(descriptor, mode, start, length);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int berth_collapse_range(int descriptor, int64_t start, int64_t length) {
    return change(descriptor, FALLOC_FL_COLLAPSE_RANGE, start, length);
}

int berth_punch_hole(int descriptor, int64_t start, int64_t length) {
    return change(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, length);
}

int64_t berth_seek_data(int descriptor, int64_t start) {
    off_t place = lseek(descriptor, start, SEEK_DATA);
    return place < 0 ? -errno : place;
}

int berth_clear_ambient_capabilities(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? -errno : 0;
}
