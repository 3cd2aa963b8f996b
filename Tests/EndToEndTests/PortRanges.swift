import Glibc
import Synchronization

/// Hands out ranges of ports, so that daemons of tests that run side by side have pools of their own.
enum PortRanges {
    /// Below the kernel's usual ephemeral ports and apart from the default pool.
    private static let whole = 10_100...19_900
    /// Test runs side by side on one host begin at different places.
    private static let next = Mutex(whole.lowerBound + Int(getpid()) % 37 * 250)

    /// A range in which nothing is bound now.
    static func take(_ count: Int) throws -> ClosedRange<Int> {
        for _ in 0..<1000 {
            let range = next.withLock { next in
                if next + count > whole.upperBound { next = whole.lowerBound }
                defer { next += count }
                return next...(next + count - 1)
            }
            if range.allSatisfy(isFree) { return range }
        }
        throw HarnessError("there are no \(count) free ports in a row in \(whole)")
    }

    /// Whether nothing at all is bound to the port, by the kernel's word.
    static func isFree(_ port: Int) -> Bool {
        for kind in [Socket.Kind.tcp, .udp] {
            do {
                try Socket(family: AF_INET6, kind).bind(.init(address: "::", port: port))
            } catch {
                return false
            }
        }
        return true
    }
}
