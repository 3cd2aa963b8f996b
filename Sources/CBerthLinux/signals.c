// Signals as records on a pipe (sigaction(2), signal-safety(7)).
#define _GNU_SOURCE
#include "CBerthLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

// Written once, before the first handler stands.
static int signal_pipe = -1;

static void note(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    struct berth_signal record = {.number = number, .code = info->si_code, .sender = 0};
    // The sender is known for what a process sent; other codes use the place for something else.
    if (info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL) record.sender = info->si_pid;
    // A pipe that is full holds enough to wake its reader.
    ssize_t written = write(signal_pipe, &record, sizeof record);
    (void)written;
    errno = saved;
}

// What is about this process alone, or may not be caught.
static int stays_as_it_is(int number) {
    switch (number) {
    case SIGKILL: case SIGSTOP: case SIGPIPE: case SIGTTIN: case SIGTTOU:
    case SIGABRT: case SIGBUS: case SIGFPE: case SIGILL: case SIGSEGV: case SIGSYS: case SIGTRAP:
        return 1;
    default:
        return 0;
    }
}

int berth_signals_open(void) {
    int ends[2];
    if (signal_pipe >= 0) return -EALREADY;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    signal_pipe = ends[1];
    for (int number = 1; number <= SIGRTMAX; number++) {
        struct sigaction action, before;
        if (stays_as_it_is(number) || sigaction(number, NULL, &before) < 0) continue;
        // nohup(1) and shells ignore signals for their children: that stays, for the command too.
        if (before.sa_handler == SIG_IGN && number != SIGCHLD) continue;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = note;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        sigfillset(&action.sa_mask);
        // glibc keeps the numbers below SIGRTMIN for itself and refuses them.
        sigaction(number, &action, NULL);
    }
    return ends[0];
}

int berth_signal_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int berth_signal_is_from_kernel(const struct berth_signal *signal) { return signal->code == SI_KERNEL; }

int berth_pipe(int32_t *ends) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }

char **berth_environment(void) { return environ; }
