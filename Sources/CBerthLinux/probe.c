// The port probe: binds every port for a moment, as architecture.md (rule 15) lays down.
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// Opens a socket of `type` and binds it to the wildcard of `family`. Returns the descriptor or a negated errno.
static int bind_wildcard(int family, int type, uint16_t port, bool reuse) {
    int descriptor = socket(family, type | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    const int on = 1, off = 0;
    int result = reuse ? setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) : 0;
    if (result == 0 && family == AF_INET6) {
        // net.ipv6.bindv6only may say otherwise, so we ask for both families (ipv6(7)).
        result = setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (result == 0 && family == AF_INET6) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        result = bind(descriptor, (const struct sockaddr *)&address, sizeof address);
    } else if (result == 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
        result = bind(descriptor, (const struct sockaddr *)&address, sizeof address);
    }
    if (result == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

// As bind_wildcard, dual-stack; on a host without IPv6 it changes *family to AF_INET for good.
static int bind_everywhere(int *family, int type, uint16_t port, bool reuse) {
    int result = bind_wildcard(*family, type, port, reuse);
    if (*family == AF_INET6 && (result == -EAFNOSUPPORT || result == -EADDRNOTAVAIL)) {
        *family = AF_INET;
        result = bind_wildcard(AF_INET, type, port, reuse);
    }
    return result;
}

// Whether nothing but TIME_WAIT is left on a TCP port that could not be bound: 1, 0 or a negated errno.
//
// A second bind with SO_REUSEADDR does not tell: it also succeeds beside a socket that has SO_REUSEADDR, is bound and
// does not listen yet. Nor does /proc/net/tcp, which lists no such socket. sock_diag does since Linux 6.8, and the
// socket of our second bind is the proof that this kernel does: if the table lacks it, we know nothing, and the port
// counts as taken. While that socket is open, nobody can put a socket without SO_REUSEADDR on the port.
static int only_time_wait_is_left(int *family, uint16_t port) {
    int own = bind_everywhere(family, SOCK_STREAM, port, true);
    if (own == -EADDRINUSE) return 0;
    if (own < 0) return own;
    struct stat status;
    // The table not read is no reason to fail: then we do not know, as on an older kernel.
    bool free = fstat(own, &status) == 0 && berth_only_time_wait_beside(port, (uint32_t)status.st_ino) > 0;
    close(own);
    return free;
}

// 1 when the port is taken, 0 when it is free, or a negated errno.
static int port_is_taken(int *family, uint16_t port) {
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
    for (int i = 0; i < 2; i++) {
        int descriptor = bind_everywhere(family, types[i], port, false);
        if (descriptor == -EADDRINUSE && types[i] == SOCK_STREAM) {
            int free = only_time_wait_is_left(family, port);
            if (free == -EACCES || free == -EPERM) return 1;
            return free < 0 ? free : !free;
        }
        // A port that we may not bind is not ours to give (net.ipv4.ip_unprivileged_port_start, or an LSM's word).
        if (descriptor == -EADDRINUSE || descriptor == -EACCES || descriptor == -EPERM) return 1;
        if (descriptor < 0) return descriptor;
        close(descriptor);
    }
    return 0;
}

int berth_probe_ports(uint16_t first, uint32_t count, uint8_t *taken) {
    int family = AF_INET6;
    for (uint32_t i = 0; i < count; i++) {
        int result = port_is_taken(&family, (uint16_t)(first + i));
        if (result < 0) return result;
        taken[i] = (uint8_t)result;
    }
    return 0;
}
