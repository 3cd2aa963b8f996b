package import BerthCore

/// The ports that the kernel gives to sockets which ask for none (ip(7), `ip_local_port_range`).
///
/// It holds for IPv6 too. A pool inside it loses ports to outgoing connections.
package enum EphemeralRange {
    /// The range of this network namespace; nil where it can't be read.
    package static func read() -> PortBlock? {
        do {
            return parse(try ProcFile.text("/proc/sys/net/ipv4/ip_local_port_range"))
        } catch {
            return nil
        }
    }

    /// Reads `32768<TAB>60999`; nil for anything else.
    static func parse(_ text: String) -> PortBlock? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let first = numbers[0].flatMap({ Port($0) }),
            let last = numbers[1].flatMap({ Port($0) })
        else { return nil }
        return PortBlock(first: first, last: last)
    }
}
