internal import CBerthLinux
internal import Glibc

/// A descriptor for one process, which never comes to mean another (pidfd_open(2)).
struct PIDFD: ~Copyable {
    private let descriptor: Int32

    /// What came of opening one.
    enum Opening: ~Copyable {
        case opened(PIDFD)
        /// There is no such process. A thread that leads no process is none.
        case noProcess
        /// No word about the process: a kernel before 5.3, a seccomp filter, descriptors used up.
        case unavailable
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    static func open(_ pid: Int32) -> Opening {
        let result = berth_pidfd_open(pid)
        if result >= 0 { return .opened(PIDFD(descriptor: result)) }
        // A thread's number gives EINVAL, and ENOENT since Linux 6.15.
        return switch -result {
        case ESRCH, EINVAL, ENOENT: .noProcess
        default: .unavailable
        }
    }

    /// Whether all its threads have ended; a zombie has. False when poll(2) won't say.
    var hasEnded: Bool { berth_pidfd_has_ended(descriptor) == 1 }

    /// The inode that is this process's alone until the next boot; nil before Linux 6.9.
    var inode: UInt64? {
        var inode: UInt64 = 0
        return berth_pidfd_inode(descriptor, &inode) == 1 ? inode : nil
    }
}
