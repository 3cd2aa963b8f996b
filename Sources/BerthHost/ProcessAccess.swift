internal import CBerthLinux

/// The ways by which processes are looked at. Tests take away what an older or a stricter host lacks.
struct ProcessAccess: Sendable {
    /// Opens a pidfd for a PID, or gives a negated errno.
    var openPIDFD: @Sendable (Int32) -> Int32 = { berth_pidfd_open($0) }
    /// Whether inodes of pidfds are asked for. The kernel has them since Linux 6.9; false hides them.
    var hasInodes = true
    /// Where `PID/stat` and `PID/status` are.
    var folder = "/proc"
}
