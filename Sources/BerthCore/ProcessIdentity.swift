/// One process, and no other that ever had or will have its number.
///
/// A PID alone is reused within minutes on a busy host. Together with the tick in which the process started, the PID
/// namespace it is counted in and the boot, it names one process for good (proc(5), `/proc/PID/stat` field 22).
package struct ProcessIdentity: Hashable, Sendable {
    /// The boot in which the process runs.
    package let bootID: BootID
    /// The inode of the PID namespace that `pid` is counted in (`/proc/PID/ns/pid`, pid_namespaces(7)).
    package let pidNamespace: UInt64
    package let pid: Int32
    /// When it started, in clock ticks since boot.
    package let startTicks: UInt64
    /// The inode of its pidfd, unique within a boot where the kernel has pidfs (Linux 6.9); nil elsewhere.
    package let pidfsInode: UInt64?

    package init(bootID: BootID, pidNamespace: UInt64, pid: Int32, startTicks: UInt64, pidfsInode: UInt64?) {
        self.bootID = bootID
        self.pidNamespace = pidNamespace
        self.pid = pid
        self.startTicks = startTicks
        self.pidfsInode = pidfsInode
    }

    /// Whether the two name the same process. A missing pidfs inode on either side says nothing.
    package func isSameProcess(as other: ProcessIdentity) -> Bool {
        guard bootID == other.bootID, pidNamespace == other.pidNamespace, pid == other.pid,
            startTicks == other.startTicks
        else { return false }
        guard let inode = pidfsInode, let otherInode = other.pidfsInode else { return true }
        return inode == otherInode
    }
}
