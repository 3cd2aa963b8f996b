// What Berth asks of Linux that Swift cannot ask well: bind loops, netlink, pidfds and abstract socket names.
//
// Every function returns a value >= 0, or a negated errno when it failed. None keeps state between calls, and
// every descriptor is close-on-exec.
#ifndef CBERTHLINUX_H
#define CBERTHLINUX_H

#include <stddef.h>
#include <stdint.h>

// The layout of the kernel's `struct ucred` (unix(7), SO_PEERCRED), which glibc hides behind _GNU_SOURCE.
struct berth_ucred {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

// One TCP socket out of the kernel's table (sock_diag(7)).
struct berth_socket {
    // The local address in network byte order: 4 bytes for AF_INET, 16 for AF_INET6.
    uint8_t address[16];
    uint32_t inode;
    uint8_t family;
    // TCP_ESTABLISHED (1) ... TCP_CLOSING (11); 12 for a connection request; 13, since Linux 6.8, for a socket that is
    // bound, but neither listens nor is connected.
    uint8_t state;
};

// A process that has a socket open.
struct berth_owner {
    uint64_t inode;
    int32_t pid;
};

// Binds each of `count` ports from `first` for a moment, UDP and TCP. Writes 1 to taken[i] for a port that something
// holds or that we may not bind, else 0. A TCP port where nothing but TIME_WAIT is left, and that a server with
// SO_REUSEADDR can bind, counts as free. Returns 0; an error tells that nothing is known about the ports.
int berth_probe_ports(uint16_t first, uint32_t count, uint8_t *taken);

// The TCP sockets of both families with this local port, without those in TIME_WAIT, which no process has open.
// Writes at most `capacity` and returns how many there are, which may be more.
int berth_tcp_sockets(uint16_t port, struct berth_socket *sockets, int capacity);

// Whether the sockets on this TCP port are one with this inode and some in TIME_WAIT, and no others: 1 or 0.
int berth_only_time_wait_beside(uint16_t port, uint32_t own_inode);

// Which processes have the sockets with these inodes open, by /proc/PID/fd. Processes that we may not look into are
// left out. Writes at most `capacity` and returns how many were written.
int berth_socket_owners(const uint64_t *inodes, int count, struct berth_owner *owners, int capacity);

// A descriptor for the process (pidfd_open(2)). -EINVAL or -ENOENT for a thread that leads no process.
int berth_pidfd_open(int32_t pid);

// 1 when every thread of the process has ended (a zombie included), 0 while it lives.
int berth_pidfd_has_ended(int pidfd);

// 1 and the inode where pidfds have inodes of their own (pidfs, Linux >= 6.9), else 0.
int berth_pidfd_inode(int pidfd, uint64_t *inode);

// Whether signals would find this process (kill(2) with signal 0): 0, -ESRCH, or -EPERM for one that lives.
int berth_process_exists(int32_t pid);

// A bound Unix socket with this abstract name, without its leading NUL (unix(7)).
int berth_bind_abstract(const char *name, size_t length);

// A bound Unix socket with this file, which must not exist; the umask takes from its mode.
int berth_bind_file(const char *path);

// Connects to the Unix socket file, waits for nothing and closes again: 0, or what connect(2) said.
int berth_knock(const char *path);

// Whom the Unix socket is connected to.
int berth_peer_credentials(int descriptor, struct berth_ucred *credentials);

// The option that berth_peer_pidfd asks for, which headers before Linux 6.5 lack.
int berth_peer_pidfd_option(void);

// A pidfd of the process that the Unix socket was connected by or listens in (SO_PEERPIDFD, Linux 6.5).
// -ENOPROTOOPT on an older kernel; -ESRCH, -EINVAL or -ENODATA when there is no such process any more or never was.
int berth_peer_pidfd(int descriptor);

// An instance of epoll(7).
int berth_epoll_create(void);

// Tells `token` once when `descriptor` becomes readable, or at once when it is.
int berth_epoll_add(int epoll, int descriptor, uint64_t token);

// Takes a descriptor out, whatever other processes hold copies of it.
int berth_epoll_remove(int epoll, int descriptor);

// Waits for as long as it takes, signals or not. Writes at most `capacity` tokens and returns how many.
int berth_epoll_wait(int epoll, uint64_t *tokens, int capacity);

// A descriptor that becomes readable with the first berth_event_signal, and stays so (eventfd(2)).
int berth_event_create(void);
int berth_event_signal(int event);

// Names the calling thread, by at most 15 bytes (pthread_setname_np(3)).
int berth_name_thread(const char *name);

// Raises the soft limit of open files to the hard one (setrlimit(2)) and writes the limit that stands then.
int berth_raise_descriptor_limit(uint64_t *limit);

// Connects to the Unix socket file; the descriptor, on which reads and writes give up after so many seconds.
int berth_connect_unix(const char *path, int timeout_seconds);

// A socket that listens on 127.0.0.1 at this port, with SO_REUSEADDR.
int berth_listen_loopback(uint16_t port);

// A signal that came: its number, why (si_code of sigaction(2)) and which process sent it, 0 when none did.
struct berth_signal {
    int32_t number;
    int32_t code;
    int32_t sender;
};

// From now on every signal that can be passed on, and SIGCHLD, is written to a pipe as a struct berth_signal instead
// of taking effect, except those that are ignored. The pipe's end to read, which doesn't block; once in a process.
int berth_signals_open(void);

// Whether the process ignores this signal.
int berth_signal_is_ignored(int number);

// Whether the kernel sent it on its own, as a terminal does for Ctrl-C (SI_KERNEL).
int berth_signal_is_from_kernel(const struct berth_signal *signal);

// A pipe's two ends, to read and to write, both close-on-exec (pipe2(2)).
int berth_pipe(int32_t *ends);

// The process's environment (environ(7)), as it stands.
char **berth_environment(void);

// The kind of the file system that holds `path`: a magic number of statfs(2).
int berth_file_system(const char *path, uint64_t *kind);

// Lets malloc(3) keep memory in so many pools that threads take turns at, instead of eight for each processor.
void berth_limit_arenas(int count);

// The flag with which posix_spawn(3) makes the child a session's leader, which Swift does not see (glibc 2.26).
int berth_spawn_session_flag(void);

// Sends a signal to exactly the process of this pidfd (pidfd_send_signal(2)); 0 asks whether it could be sent.
int berth_pidfd_signal(int pidfd, int number);

// Takes the exit status of the process of this pidfd (waitid(2), P_PIDFD): 1 when it was a child of ours and had ended,
// 0 while it lives, -ECHILD when it is none.
int berth_pidfd_reap(int pidfd);

// A file in memory that no other program can name (memfd_create(2)).
int berth_memory_file(const char *name);

// Two connected stream sockets (socketpair(2)).
int berth_socket_pair(int32_t *ends);

// Takes `length` bytes at `start` out of a file, so that what follows moves up, or makes a hole of them
// (fallocate(2), FALLOC_FL_COLLAPSE_RANGE and FALLOC_FL_PUNCH_HOLE).
int berth_collapse_range(int descriptor, int64_t start, int64_t length);
int berth_punch_hole(int descriptor, int64_t start, int64_t length);

// Where the first bytes at or behind `start` are that are not in a hole (lseek(2), SEEK_DATA); -ENXIO for none.
int64_t berth_seek_data(int descriptor, int64_t start);

// Gives up the capabilities that a program would get which this process becomes (capabilities(7), ambient set).
int berth_clear_ambient_capabilities(void);

// Gives the kernel back what malloc(3) keeps and nobody uses.
void berth_trim_heap(void);

#endif
