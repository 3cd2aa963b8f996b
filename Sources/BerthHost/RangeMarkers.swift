package import BerthCore
internal import CBerthLinux
internal import Glibc
internal import Synchronization

/// Shows other Berths of this network namespace which port ranges this one manages.
///
/// Each range is an abstract Unix socket (unix(7)) that is bound to `berth/range/FIRST-LAST/PID/NAMESPACE/NONCE` and
/// does nothing else. Abstract names belong to the network namespace, as ports do, need no directory, and vanish with
/// their process. They are a courtesy: any user can bind such a name, so they warn and never forbid.
package final class RangeMarkers: Sendable {
    private let descriptors: Mutex<[Int32]>

    private init(_ descriptors: [Int32]) { self.descriptors = Mutex(descriptors) }

    deinit { close() }

    /// Marks the ranges until ``close()`` or the end of this process.
    /// - Throws: ``BerthError`` with ``ErrorCode/internal`` when a socket can't be bound; none is left then.
    package static func mark(_ ranges: [PortBlock]) throws(BerthError) -> RangeMarkers {
        var descriptors: [Int32] = []
        for range in ranges {
            let marker = RangeMarker(range: range, pid: getpid(), pidNamespace: ownNamespace())
            // The nonce lets one process mark a range twice, and two namespaces that show the same inode coexist.
            let name = marker.name(nonce: UInt32.random(in: .min ... .max))
            let result = berth_bind_abstract(name, name.utf8.count)
            guard result >= 0 else {
                RangeMarkers(descriptors).close()
                throw BerthError(
                    .internal, "The port range \(range) could not be marked.", cause: SystemError("bind(2)", -result))
            }
            descriptors.append(result)
        }
        return RangeMarkers(descriptors)
    }

    /// Takes the markers away; the second time it does nothing.
    package func close() {
        let taken = descriptors.withLock { kept in
            defer { kept = [] }
            return kept
        }
        for descriptor in taken { Glibc.close(descriptor) }
    }

    /// The ranges that other processes have marked, each with the PID in its own PID namespace; ascending.
    /// - Throws: ``BerthError`` with ``ErrorCode/internal`` when `/proc/net/unix` can't be read.
    package static func others() throws(BerthError) -> [(range: PortBlock, pid: Int32)] {
        let table: [UInt8]
        do {
            table = try ProcFile.bytes("/proc/self/net/unix")
        } catch {
            throw BerthError(.internal, "Markers of other Berths could not be read.", cause: error)
        }
        let namespace = ownNamespace()
        return RangeMarker.parse(table)
            .filter { $0.pid != getpid() || $0.pidNamespace != namespace }
            .sorted { ($0.range.first, $0.range.count, $0.pid) < ($1.range.first, $1.range.count, $1.pid) }
            .map { (range: $0.range, pid: $0.pid) }
    }

    /// The inode of our PID namespace; 0 where `/proc` doesn't tell, which is then the same for all of this process.
    private static func ownNamespace() -> UInt64 {
        var status = stat()
        return stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
    }
}
