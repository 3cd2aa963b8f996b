internal import CBerthLinux
internal import Glibc

/// A descriptor for one process, which never comes to mean another (pidfd_open(2)).
struct PIDFD: ~Copyable, Sendable {
    /// Open for as long as this value lives, and closed by it alone.
    let descriptor: Int32
    /// The inode that is this process's alone until the next boot; nil before Linux 6.9.
    let inode: UInt64?

    /// What came of opening one.
    enum Opening: ~Copyable {
        case opened(PIDFD)
        /// There is no such process. A thread that leads no process is none.
        case noProcess
        /// No word about the process: a kernel before 5.3, a seccomp filter, descriptors used up.
        case unavailable
    }

    /// Takes over an open pidfd.
    init(adopting descriptor: Int32, access: ProcessAccess) {
        self.descriptor = descriptor
        var number: UInt64 = 0
        inode = access.hasInodes && berth_pidfd_inode(descriptor, &number) == 1 ? number : nil
    }

    deinit { close(descriptor) }

    static func open(_ pid: Int32, access: ProcessAccess) -> Opening {
        let result = access.openPIDFD(pid)
        if result >= 0 { return .opened(PIDFD(adopting: result, access: access)) }
        // A thread's number gives EINVAL, and ENOENT since Linux 6.15.
        return switch -result {
        case ESRCH, EINVAL, ENOENT: .noProcess
        default: .unavailable
        }
    }

    /// Whether all its threads have ended; a zombie has. False when poll(2) won't say.
    var hasEnded: Bool { berth_pidfd_has_ended(descriptor) == 1 }
}
