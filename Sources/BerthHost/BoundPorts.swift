package import BerthCore

/// Every port of this network namespace that some process has bound, in one reading of the kernel's tables
/// (proc_pid_net(5)).
///
/// TCP sockets that are bound, but neither listen nor are connected, are not in these tables.
package enum BoundPorts {
    /// Reads the four tables. One that can't be read (no IPv6) adds nothing.
    package static func read() -> Set<Port> {
        ["tcp", "tcp6", "udp", "udp6"].reduce(into: []) { ports, name in
            do {
                ports.formUnion(parse(try ProcFile.bytes("/proc/self/net/\(name)")))
            } catch {
                return
            }
        }
    }

    /// The local ports of a table's sockets. Those that no process has open (inode 0: TIME_WAIT and connections that
    /// the kernel winds down) are left out.
    static func parse(_ table: [UInt8]) -> Set<Port> {
        var ports: Set<Port> = []
        for line in table.split(separator: 0x0A).dropFirst() {
            // sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
            let fields = line.split(separator: 0x20, maxSplits: 10)
            guard fields.count >= 10, !fields[9].elementsEqual("0".utf8),
                let colon = fields[1].lastIndex(of: UInt8(ascii: ":")),
                let number = UInt16(String(decoding: fields[1][(colon + 1)...], as: UTF8.self), radix: 16),
                let port = Port(number)
            else { continue }
            ports.insert(port)
        }
        return ports
    }
}
