internal import BerthCore

/// What the name of one marker says; see ``RangeMarkers``.
struct RangeMarker: Hashable, Sendable {
    let range: PortBlock
    /// The process that marked the range, as its own PID namespace counts.
    let pid: Int32
    /// The inode of that namespace: two containers on one network may both have a Berth with PID 7.
    let pidNamespace: UInt64

    private static let prefix = "berth/range/"

    /// The abstract name, without its leading NUL.
    func name(nonce: UInt32) -> String {
        "\(RangeMarker.prefix)\(range.first)-\(range.last)/\(pid)/\(pidNamespace)/\(String(nonce, radix: 16))"
    }

    /// Reads a name without its leading NUL or `@`; nil when it is no marker's.
    init?(name: String) {
        guard name.hasPrefix(RangeMarker.prefix) else { return nil }
        let parts = name.dropFirst(RangeMarker.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, let pid = Int32(parts[1]), pid > 0, let namespace = UInt64(parts[2]) else { return nil }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = UInt16(ends[0]).flatMap({ Port($0) }),
            let last = UInt16(ends[1]).flatMap({ Port($0) }), let range = PortBlock(first: first, last: last)
        else { return nil }
        self.init(range: range, pid: pid, pidNamespace: namespace)
    }

    init(range: PortBlock, pid: Int32, pidNamespace: UInt64) {
        self.range = range
        self.pid = pid
        self.pidNamespace = pidNamespace
    }

    /// The markers in the text of `/proc/net/unix` (proc_pid_net(5)), each once.
    ///
    /// The name is the eighth field, with `@` for its leading NUL. Others may bind names with any bytes, so a line
    /// that isn't of the form is skipped.
    static func parse(_ table: [UInt8]) -> Set<RangeMarker> {
        var markers: Set<RangeMarker> = []
        for line in table.split(separator: 0x0A) {
            // Most lines have other names or none; `@` is looked for first, because it is cheap.
            guard let at = line.firstIndex(of: UInt8(ascii: "@")) else { continue }
            let fields = line[..<at].split(separator: 0x20)
            guard fields.count == 7 else { continue }
            let name = String(decoding: line[(at + 1)...], as: UTF8.self)
            if let marker = RangeMarker(name: name) { markers.insert(marker) }
        }
        return markers
    }
}
