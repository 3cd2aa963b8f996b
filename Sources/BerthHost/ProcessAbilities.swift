internal import Glibc

/// What this kernel can tell about processes, each tried out rather than guessed from its version.
package struct ProcessAbilities: Hashable, Sendable {
    /// The kernel's release (uname(2)); nil where `/proc` doesn't tell.
    package let kernel: String?
    /// Whether pidfd_open(2) works: deaths are then events. Since Linux 5.3, unless a seccomp filter forbids it.
    package let hasPIDFDs: Bool
    /// Whether a pidfd has an inode that no other process ever gets in this boot (pidfs, Linux 6.9).
    package let hasInodes: Bool
    /// Whether a Unix socket names its peer by a pidfd (SO_PEERPIDFD, Linux 6.5).
    package let hasPeerPIDFDs: Bool

    /// Tries them with this process.
    package static func read() -> ProcessAbilities {
        var kernel: String?
        do { kernel = try ProcFile.text("/proc/sys/kernel/osrelease") } catch { kernel = nil }
        var (hasPIDFDs, hasInodes) = (false, false)
        if case .opened(let pidfd) = PIDFD.open(getpid(), access: ProcessAccess()) {
            (hasPIDFDs, hasInodes) = (true, pidfd.inode != nil)
        }
        return ProcessAbilities(
            kernel: kernel, hasPIDFDs: hasPIDFDs, hasInodes: hasInodes, hasPeerPIDFDs: peerPIDFD())
    }

    private static func peerPIDFD() -> Bool {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return false }
        defer { for end in ends { close(end) } }
        var pidfd: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(ends[0], SOL_SOCKET, PeerProcess.pidfdOption, &pidfd, &length) == 0, pidfd >= 0 else {
            return false
        }
        close(pidfd)
        return true
    }
}
