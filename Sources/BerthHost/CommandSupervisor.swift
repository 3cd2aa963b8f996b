internal import CBerthLinux
internal import Glibc

/// Waits for a child, and passes on to it the signals that reach us meanwhile.
///
/// Its methods block: they belong on a ``DedicatedThread``, one after the other.
package struct CommandSupervisor: Sendable {
    /// How a child ended.
    package enum End: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)

        /// The exit code that shells give for it.
        package var exitCode: Int32 {
            switch self {
            case .exited(let code): code
            case .signalled(let number): 128 + number
            }
        }
    }

    /// The child's PID. The child is ours to reap, so that its number cannot mean another process.
    package let child: Int32
    private let signals: SignalPipe

    package init(child: Int32, signals: SignalPipe) {
        self.child = child
        self.signals = signals
    }

    /// Reads what the child writes to a pipe until all its writers have closed it.
    /// - Parameter descriptor: the pipe's end to read; it is closed afterwards.
    package func readAll(_ descriptor: Int32) -> [UInt8] {
        defer { close(descriptor) }
        var text: [UInt8] = []
        while true {
            var waits = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            poll(&waits, 2, -1)
            // A child that ended is left for waitForEnd(): its pipe ends too.
            while let arrival = signals.next() { if arrival.number != SIGCHLD { pass(arrival) } }
            guard waits[0].revents != 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let length = read(descriptor, &chunk, chunk.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { return text }
            text += chunk[..<length]
        }
    }

    /// Waits for the child's end and reaps it.
    package func waitForEnd() -> End {
        while true {
            if let end = look() { return end }
            var wait = pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&wait, 1, -1)
            while let arrival = signals.next() { if arrival.number != SIGCHLD { pass(arrival) } }
        }
    }

    /// Ends the child by force and reaps it.
    package func kill() {
        Glibc.kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
    }

    /// Reaps the child if it has ended, and follows it when it has stopped.
    private func look() -> End? {
        var status: Int32 = 0
        let result = waitpid(child, &status, WNOHANG | WUNTRACED)
        guard result == child else { return nil }
        // The layout of a wait status (<bits/waitstatus.h>), whose macros don't reach Swift.
        switch status & 0x7f {
        case 0: return .exited((status >> 8) & 0xff)
        case 0x7f:
            follow(stop: (status >> 8) & 0xff)
            return nil
        case let number: return .signalled(number)
        }
    }

    /// A shell that watches us as its foreground job hears of the child's stop only by ours. Where nobody watches we go
    /// on: nobody would wake us.
    private func follow(stop number: Int32) {
        guard [SIGTSTP, SIGTTIN, SIGTTOU].contains(number), isForeground else { return }
        Glibc.kill(getpid(), SIGSTOP)
    }

    private var isForeground: Bool {
        let terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return false }
        defer { close(terminal) }
        return tcgetpgrp(terminal) == getpgrp()
    }

    private func pass(_ arrival: SignalPipe.Arrival) {
        let sharesGroup = getpgid(child) == getpgrp()
        guard arrival.isPassedOn(to: child, sharesGroup: sharesGroup, isSessionLeader: getsid(0) == getpid()) else {
            return
        }
        Glibc.kill(child, arrival.number)
    }
}

extension SignalPipe.Arrival {
    /// Whether a child must be told of this signal by us.
    ///
    /// What a terminal sends goes to every process of its foreground group: a child of our group has it already. Only
    /// a hang-up goes to the session's leader alone (`tty_signal_session_leader` of Linux). What the child itself sent
    /// came to us as one of its group, or is meant for us.
    package func isPassedOn(to child: Int32, sharesGroup: Bool, isSessionLeader: Bool) -> Bool {
        if sender == child { return false }
        guard isFromKernel, sharesGroup else { return true }
        return number == SIGHUP && isSessionLeader
    }
}
