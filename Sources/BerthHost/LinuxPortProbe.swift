package import BerthCore
internal import CBerthLinux
internal import Glibc

/// Asks this host's kernel about ports of our network namespace.
package struct LinuxPortProbe: PortProbe {
    package init() {}

    /// Binds UDP and TCP without SO_REUSEADDR to the wildcard of both families, which collides with every socket on
    /// the port, whatever its address or state (socket(7), ipv6(7)). A port that we may not bind counts as bound.
    ///
    /// TCP ports where only TIME_WAIT is left count as free when a server with SO_REUSEADDR can bind them; a kernel
    /// before 6.8 can't show that nothing else is there, so it has to wait out the minute.
    package func boundPorts(in block: PortBlock) throws(BerthError) -> [Port] {
        var taken = [UInt8](repeating: 0, count: block.count)
        let result = berth_probe_ports(block.first.number, UInt32(block.count), &taken)
        guard result >= 0 else { throw LinuxPortProbe.error(-result, block) }
        // Most grants find all free: then nothing is built.
        guard taken.contains(1) else { return [] }
        return zip(block.ports, taken).compactMap { port, isTaken in isTaken == 1 ? port : nil }
    }

    package func listeners(on port: Port) -> [PortListener] {
        let entries = SocketTable.read(port)
        guard !entries.isEmpty else { return [] }
        let owners = SocketOwners.find(Set(entries.map(\.inode)).subtracting([0]))
        var seen: Set<PortListener> = []
        var listeners: [PortListener] = []
        for entry in entries {
            let known = owners[entry.inode] ?? []
            let holders: [SocketOwners.Owner?] = known.isEmpty ? [nil] : known
            for owner in holders {
                let listener = PortListener(
                    transport: entry.transport, address: entry.address, pid: owner?.pid, command: owner?.command)
                if seen.insert(listener).inserted { listeners.append(listener) }
            }
        }
        return listeners
    }

    static func error(_ number: Int32, _ block: PortBlock) -> BerthError {
        let cause = SystemError("probe of \(block)", number)
        return switch number {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            BerthError(
                .storageUnavailable, "The host has no descriptors or memory left to look at ports; try again later.",
                cause: cause)
        default: BerthError(.internal, "The ports \(block) could not be looked at.", cause: cause)
        }
    }
}
