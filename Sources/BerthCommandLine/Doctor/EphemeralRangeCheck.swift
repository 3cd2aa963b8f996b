package import BerthCore

/// Whether the kernel gives ports of a pool to outgoing connections.
package struct EphemeralRangeCheck: DoctorCheck {
    package static let name = "ephemeral-ports"

    let pools: [Pool]
    let ephemeral: PortBlock?

    /// - Parameter ephemeral: `ip_local_port_range`; nil where it could not be read.
    package init(pools: [Pool], ephemeral: PortBlock?) {
        self.pools = pools
        self.ephemeral = ephemeral
    }

    package var findings: [Finding] {
        guard let ephemeral else { return [finding(.note, "The kernel's range of ephemeral ports cannot be read.")] }
        let overlaps = pools.flatMap { pool in
            pool.ranges.filter { $0.overlaps(ephemeral) }.map { range in
                finding(
                    .warning,
                    "Pool \(pool.name) has \(range), which overlaps the kernel's ephemeral ports \(ephemeral): outgoing"
                        + " connections may take leased ports before their programs bind them.",
                    mend: "give the pool a range outside \(ephemeral) with --pool, or move the kernel's with: sysctl -w"
                        + " net.ipv4.ip_local_port_range=\"FIRST LAST\"")
            }
        }
        guard overlaps.isEmpty else { return overlaps }
        return [finding(.ok, "No pool overlaps the kernel's ephemeral ports \(ephemeral).")]
    }
}
