/// What this kernel can tell about the processes that hold leases.
package struct ProcessesCheck: DoctorCheck {
    package static let name = "processes"

    let kernel: String?
    let hasPIDFDs: Bool
    let hasInodes: Bool
    let hasPeerPIDFDs: Bool

    /// - Parameters:
    ///   - kernel: its release; nil when unknown.
    ///   - hasPIDFDs: whether pidfd_open(2) works.
    ///   - hasInodes: whether pidfds have inodes of their own.
    ///   - hasPeerPIDFDs: whether SO_PEERPIDFD works.
    package init(kernel: String?, hasPIDFDs: Bool, hasInodes: Bool, hasPeerPIDFDs: Bool) {
        self.kernel = kernel
        self.hasPIDFDs = hasPIDFDs
        self.hasInodes = hasInodes
        self.hasPeerPIDFDs = hasPeerPIDFDs
    }

    package var findings: [Finding] {
        let linux = "Linux \(kernel ?? "of an unknown release")"
        guard hasPIDFDs else {
            return [
                finding(
                    .warning,
                    "\(linux) gives no pidfds, so deaths are found by sweeping and not at once, and only its start time"
                        + " tells a process from a later one of the same number.",
                    mend: "use Linux 5.3 or newer, and let the sandbox allow pidfd_open(2)")
            ]
        }
        var missing: [String] = []
        if !hasInodes { missing.append("an inode for each process (Linux 6.9; its start time must do)") }
        if !hasPeerPIDFDs { missing.append("the peer's pidfd on a socket (Linux 6.5; its credentials must do)") }
        guard missing.isEmpty else { return [finding(.note, "\(linux) lacks \(missing.joined(separator: ", and ")).")] }
        return [finding(.ok, "\(linux) tells processes apart by pidfds with inodes, and names a socket's peer.")]
    }
}
