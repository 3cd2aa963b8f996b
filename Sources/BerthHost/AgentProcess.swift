internal import BerthCore
internal import CBerthLinux
internal import Glibc

/// A living process that is an agent's for certain.
final class AgentProcess: Sendable {
    let pid: Int32
    let startTicks: UInt64
    /// Open as long as this lives; nil where the kernel gives no pidfd.
    private let pidfd: PIDFD?
    /// That of `pidfd`.
    private let descriptor: Int32?

    init(_ key: Key, _ pidfd: consuming PIDFD) {
        pid = key.pid
        startTicks = key.startTicks
        descriptor = pidfd.descriptor
        self.pidfd = consume pidfd
    }

    /// One without a descriptor.
    init(_ key: Key) {
        pid = key.pid
        startTicks = key.startTicks
        pidfd = nil
        descriptor = nil
    }

    var key: Key { Key(pid: pid, startTicks: startTicks) }

    /// A process within one boot.
    struct Key: Hashable, Sendable {
        let pid: Int32
        let startTicks: UInt64
    }

    /// Whether it lives no more; a zombie doesn't.
    func hasEnded(in folder: String) -> Bool {
        if let descriptor { return berth_pidfd_has_ended(descriptor) == 1 }
        guard let stat = ProcessStat.read(of: pid, in: folder) else { return true }
        return stat.startTicks != startTicks || stat.isDead
    }

    /// Waits for its end, or for so long; for less where there is no descriptor to wait for.
    func waitForEnd(atMost limit: Duration) { AgentProcess.wait(for: [self], atMost: limit) }

    /// Waits until one of them ends, or for so long; for less where one has no descriptor to wait for.
    static func wait(for processes: [AgentProcess], atMost limit: Duration) {
        var milliseconds = limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000 + 1
        var waits = processes.compactMap { process in
            process.descriptor.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        }
        if waits.count < processes.count { milliseconds = min(milliseconds, 50) }
        poll(&waits, nfds_t(waits.count), Int32(clamping: milliseconds))
    }

    /// Sends it a signal, which no other process can get where there are pidfds. Elsewhere its number could be another's
    /// between the look and the signal, if all other numbers were handed out meanwhile.
    /// - Returns: 0 or an errno.
    func send(_ number: Int32, in folder: String) -> Int32 {
        if let descriptor {
            let result = -berth_pidfd_signal(descriptor, number)
            if result != ENOSYS { return result }
        }
        if hasEnded(in: folder) { return ESRCH }
        return kill(pid, number) == 0 ? 0 : errno
    }

    /// Takes its exit status where it is a child of ours, as orphans are of the first process of a container.
    func reapIfOurs() { if let descriptor { _ = berth_pidfd_reap(descriptor) } }
}

extension ProcessStat {
    /// Nil when there is no such process, or its file can't be read.
    static func read(of pid: Int32, in folder: String) -> ProcessStat? {
        do {
            return ProcessStat(try ProcFile.bytes("\(folder)/\(pid)/stat"))
        } catch {
            return nil
        }
    }
}
