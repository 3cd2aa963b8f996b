package import BerthCore
internal import CBerthLinux
internal import Glibc

/// A log that somebody else appends to (O_APPEND), kept from growing without end.
///
/// Its front is given back while the writer writes on. A file system that can, takes it out of the file (ext4, XFS) or
/// makes a hole of it (tmpfs, btrfs), and nothing is lost that the writer wrote behind it: fallocate(2). One that can do
/// neither has the rest copied to the front and the file cut: a line that is written just between the last copy and the
/// cut is lost.
package struct BoundedLog: Sendable {
    /// How the front is given back.
    enum Way: CaseIterable, Sendable {
        case collapse, punch, copy
    }

    /// How much is kept, unless said otherwise: 1 MiB.
    package static let standardBound: Int64 = 1 << 20

    private let path: String
    private let bound: Int64
    private let ways: [Way]

    /// - Parameter bound: how many bytes are kept; trimming starts at twice as many.
    package init(_ path: String, bound: Int64 = standardBound) { self.init(path, bound: bound, ways: Way.allCases) }

    /// As ``init(_:bound:)``, with the given ways of giving back, in the order in which they are tried.
    init(_ path: String, bound: Int64, ways: [Way]) {
        self.path = path
        self.bound = bound
        self.ways = ways
    }

    /// Gives the front back, up to a line's start, once the log is twice as long as its bound.
    /// - Returns: whether it did.
    /// - Throws: ``ErrorCode/configuration`` when what lies there is no log of ours or can't be changed.
    @discardableResult
    package func trim() throws(BerthError) -> Bool {
        guard let file = try AgentLogFile.openToChange(path) else { return false }
        defer { close(file) }
        let (start, end) = try extent(file)
        guard end - start > 2 * bound else { return false }
        // The rest begins at a line's start, where one is near enough.
        let cut = lineStart(file, from: end - bound, until: end) ?? (end - bound)
        for way in ways {
            let failure = perform(way, file, cut)
            if failure == 0 { return true }
            // It is not for this file system, or not for this file of it.
            guard [EOPNOTSUPP, ENOSYS, EINVAL, ENODEV].contains(failure) else {
                throw AgentLogFile.unusable(path, failure)
            }
        }
        return false
    }

    /// The log's end, at most `bytes` of it, from a line's start on; a line without its end is among it. Holes are left
    /// out, and what is no UTF-8 becomes U+FFFD.
    package func tail(bytes: Int) throws(BerthError) -> String {
        guard bytes > 0, let file = try AgentLogFile.openToChange(path) else { return "" }
        defer { close(file) }
        let (start, end) = try extent(file)
        // One more, which tells whether a line starts behind it.
        let first = max(start, end - Int64(bytes) - 1)
        var text = read(file, from: first, until: end)[...]
        if end - start > Int64(bytes) {
            // A line that is longer than what was asked for is told from its middle.
            let lineEnd = text.firstIndex(of: 0x0A).map { text.index(after: $0) } ?? text.endIndex
            text = lineEnd < text.endIndex ? text[lineEnd...] : text.dropFirst()
        }
        return String(decoding: text.filter { $0 != 0 }, as: UTF8.self)
    }

    /// What was written behind a position, and the position behind what is told.
    /// - Parameter position: nil for the log's end. One behind the end reads the log from its beginning: it was cut.
    package func part(behind position: Int64?, maxBytes: Int) throws(BerthError) -> (bytes: [UInt8], end: Int64) {
        guard let file = try AgentLogFile.openToChange(path) else { return ([], 0) }
        defer { close(file) }
        let (start, end) = try extent(file)
        guard let position else {
            let text = try tail(bytes: maxBytes)
            return (Array(text.utf8), end)
        }
        let first = position > end ? start : max(start, position)
        let last = min(end, first + Int64(maxBytes))
        return (read(file, from: first, until: last).filter { $0 != 0 }, last)
    }

    /// Where its first bytes are that are not in a hole, and where it ends.
    private func extent(_ file: Int32) throws(BerthError) -> (start: Int64, end: Int64) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw AgentLogFile.unusable(path, errno) }
        // A file system that knows no holes has none.
        let start = berth_seek_data(file, 0)
        return (start > 0 ? start : 0, Int64(status.st_size))
    }

    /// - Returns: 0 or an errno.
    private func perform(_ way: Way, _ file: Int32, _ cut: Int64) -> Int32 {
        switch way {
        case .collapse:
            var status = stat()
            guard fstat(file, &status) == 0 else { return errno }
            let block = max(1, Int64(status.st_blksize))
            let removed = cut / block * block
            guard removed > 0 else { return EINVAL }
            let result = berth_collapse_range(file, 0, removed)
            // What is left of the first line. It is known to be gone by its zeros.
            if result == 0, cut > removed { _ = berth_punch_hole(file, 0, cut - removed) }
            return -result
        case .punch: return -berth_punch_hole(file, 0, cut)
        case .copy: return copyDown(file, cut)
        }
    }

    /// Copies what is behind `cut` to the front, what is written meanwhile too, and cuts the file behind it. Each byte is
    /// copied to a place before it, so nothing is overwritten that is still to be copied.
    private func copyDown(_ file: Int32, _ cut: Int64) -> Int32 {
        var (source, target) = (cut, Int64(0))
        while true {
            let piece = read(file, from: source, until: source + 262_144)
            if piece.isEmpty { break }
            var done = 0
            while done < piece.count {
                let length = piece[done...].withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(target)) }
                if length < 0, errno == EINTR { continue }
                guard length > 0 else { return length < 0 ? errno : EIO }
                done += length
                target += Int64(length)
            }
            source += Int64(piece.count)
        }
        return ftruncate(file, off_t(target)) == 0 ? 0 : errno
    }

    private func lineStart(_ file: Int32, from: Int64, until end: Int64) -> Int64? {
        let text = read(file, from: from - 1, until: min(end, from + 65536))
        return text.firstIndex(of: 0x0A).map { from + Int64($0) }
    }

    /// The bytes from one place to another, or to the file's end.
    private func read(_ file: Int32, from: Int64, until: Int64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(max(0, until - from)))
        var count = 0
        while count < bytes.count {
            let length = bytes[count...].withUnsafeMutableBytes {
                pread(file, $0.baseAddress, $0.count, off_t(from) + off_t(count))
            }
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { break }
            count += length
        }
        return Array(bytes[..<count])
    }
}
