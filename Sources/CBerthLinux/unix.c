// Unix sockets: abstract names, socket files and peers (unix(7)).
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// The number of <asm-generic/socket.h>, which every architecture has that Swift runs on.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

_Static_assert(sizeof(struct berth_ucred) == sizeof(struct ucred), "berth_ucred has the kernel's layout");
_Static_assert(offsetof(struct berth_ucred, uid) == offsetof(struct ucred, uid), "uid has the kernel's place");
_Static_assert(offsetof(struct berth_ucred, gid) == offsetof(struct ucred, gid), "gid has the kernel's place");

int berth_bind_abstract(const char *name, size_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (length == 0 || length > sizeof address.sun_path - 1) return -ENAMETOOLONG;
    memcpy(address.sun_path + 1, name, length);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    // Every byte up to the given length counts as the name, so the length must be exact.
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
    if (bind(descriptor, (const struct sockaddr *)&address, size) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

int berth_bind_file(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    // An empty path would autobind, and one without its closing NUL is cut off by some readers.
    if (length == 0) return -ENOENT;
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

int berth_knock(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    // An empty path would autobind, and one without its closing NUL is cut off by some readers.
    if (length == 0) return -ENOENT;
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int result = connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
    close(descriptor);
    return result;
}

int berth_peer_credentials(int descriptor, struct berth_ucred *credentials) {
    socklen_t length = sizeof *credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, &length) < 0) return -errno;
    return length == sizeof *credentials ? 0 : -EPROTO;
}

int berth_peer_pidfd_option(void) {
    return SO_PEERPIDFD;
}

int berth_peer_pidfd(int descriptor) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    // The kernel sets close-on-exec on every pidfd.
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0) return -errno;
    return length == sizeof pidfd && pidfd >= 0 ? pidfd : -EPROTO;
}

int berth_connect_unix(const char *path, int timeout_seconds) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0) return -ENOENT;
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct timeval limit = {.tv_sec = timeout_seconds};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}
