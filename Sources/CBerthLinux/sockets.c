// The kernel's tables of sockets, and who has them open.
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct list {
    struct berth_socket *sockets;
    int capacity;
    int count;
    // Sockets in TIME_WAIT; a busy server leaves thousands, so they are only counted.
    int waiting;
};

// idiag_timer of what is left of a connection whose socket is gone (sock_diag(7)).
enum { TIMER_TIME_WAIT = 3 };

static void append(struct list *list, const struct inet_diag_msg *message) {
    // Where the peer has not closed its half, the state is FIN_WAIT2; to a server that binds it is the same.
    if (message->idiag_state == TCP_TIME_WAIT || message->idiag_timer == TIMER_TIME_WAIT) {
        list->waiting++;
        return;
    }
    if (list->count < list->capacity) {
        struct berth_socket *socket = &list->sockets[list->count];
        memcpy(socket->address, message->id.idiag_src, sizeof socket->address);
        socket->inode = message->idiag_inode;
        socket->family = message->idiag_family;
        socket->state = message->idiag_state;
    }
    list->count++;
}

static int ask(int netlink, int family, uint16_t port) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = UINT32_MAX,
            .id = {.idiag_sport = htons(port)}},
    };
    return send(netlink, &request, sizeof request, 0) < 0 ? -errno : 0;
}

// Reads one dump to its end.
static int receive(int netlink, uint16_t port, struct list *list) {
    // The kernel fills at most 32 KiB a message (netlink(7)), so none is cut off.
    _Alignas(struct nlmsghdr) char buffer[32768];
    for (;;) {
        ssize_t length = recv(netlink, buffer, sizeof buffer, 0);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return -errno;
        if (length == 0) return -EPROTO;
        const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
        for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
            if (header->nlmsg_type == NLMSG_DONE) return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) return -EPROTO;
                int error = ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
                return error < 0 ? error : -EPROTO;
            }
            if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return -EPROTO;
            const struct inet_diag_msg *message = NLMSG_DATA(header);
            if (message->id.idiag_sport == htons(port)) append(list, message);
        }
    }
}

static int collect(uint16_t port, struct list *list) {
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return -errno;
    static const int families[] = {AF_INET, AF_INET6};
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++) {
        result = ask(netlink, families[i], port);
        if (result == 0) result = receive(netlink, port, list);
        // A kernel without IPv6 knows no such table.
        if (result == -ENOENT && families[i] == AF_INET6) result = 0;
    }
    close(netlink);
    return result;
}

int berth_tcp_sockets(uint16_t port, struct berth_socket *sockets, int capacity) {
    struct list list = {.sockets = sockets, .capacity = capacity};
    int result = collect(port, &list);
    return result < 0 ? result : list.count;
}

int berth_only_time_wait_beside(uint16_t port, uint32_t own_inode) {
    struct berth_socket socket;
    struct list list = {.sockets = &socket, .capacity = 1};
    int result = collect(port, &list);
    if (result < 0) return result;
    return list.waiting > 0 && list.count == 1 && socket.inode == own_inode;
}

// The number in `socket:[123]` that /proc/PID/fd/N points to (proc(5)); false for anything else.
static bool socket_inode(int directory, const char *name, uint64_t *inode) {
    char target[64];
    ssize_t length = readlinkat(directory, name, target, sizeof target - 1);
    if (length < 0) return false;
    target[length] = 0;
    unsigned long long number;
    if (sscanf(target, "socket:[%llu]", &number) != 1) return false;
    *inode = number;
    return true;
}

struct owners {
    const uint64_t *inodes;
    int inode_count;
    struct berth_owner *owners;
    int capacity;
    int count;
};

// A process may have one socket open under several numbers; it is noted once.
static void note(struct owners *found, uint64_t inode, int32_t pid) {
    bool wanted = false;
    for (int i = 0; i < found->inode_count && !wanted; i++) wanted = found->inodes[i] == inode;
    if (!wanted || found->count == found->capacity) return;
    for (int i = found->count - 1; i >= 0 && found->owners[i].pid == pid; i--) {
        if (found->owners[i].inode == inode) return;
    }
    found->owners[found->count++] = (struct berth_owner){.inode = inode, .pid = pid};
}

static void look_into(int32_t pid, struct owners *found) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL) return;
    for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
        uint64_t inode;
        if (socket_inode(dirfd(descriptors), entry->d_name, &inode)) note(found, inode, pid);
    }
    closedir(descriptors);
}

int berth_socket_owners(const uint64_t *inodes, int count, struct berth_owner *owners, int capacity) {
    struct owners found = {.inodes = inodes, .inode_count = count, .owners = owners, .capacity = capacity};
    DIR *processes = opendir("/proc");
    if (processes == NULL) return -errno;
    for (struct dirent *entry; (entry = readdir(processes)) != NULL && found.count < capacity;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid <= INT32_MAX) look_into((int32_t)pid, &found);
    }
    closedir(processes);
    return found.count;
}

int berth_listen_loopback(uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0
        && bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0
        && listen(descriptor, SOMAXCONN) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}
