/// The host's processes, behind a protocol so that a seed can replay their lives.
package protocol ProcessTable: Sendable {
    /// The identity of the live process with this PID in the daemon's own namespace; nil when there is none.
    /// A zombie is dead.
    func identify(_ pid: Int32) -> ProcessIdentity?

    /// Whether exactly this process still lives. Uncertainty means alive: better a leak than a port taken from a
    /// running server.
    func isAlive(_ process: ProcessIdentity) -> Bool

    /// The real user of a live process; nil when there is no such process.
    func user(of pid: Int32) -> UInt32?

    /// When a process of this boot started, by the wall clock as it stands now.
    func startInstant(of process: ProcessIdentity) -> Instant?
}
