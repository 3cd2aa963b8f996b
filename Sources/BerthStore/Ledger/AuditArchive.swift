import BerthCore
import CZlib
import Crypto
import FoundationEssentials
import Glibc

/// Records on their way out of the database: one JSON object a line, oldest first, compressed with gzip, in a folder
/// beside the database.
///
/// It is written under another name, closed, synced, read again and compared, and only then gets its name.
final class AuditArchive {
    private let folder: String
    private let partial: String
    private let descriptor: Int32
    private var stream: gzFile?
    private var digest = SHA256()

    static func folder(forDatabase path: String) -> String { path + ".archive" }

    /// - Throws: `storage-unavailable` where nothing can be written.
    init(folder: String) throws(BerthError) {
        self.folder = folder
        partial = folder + "/partial"
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Self.failure("make the folder", folder) }
        if let fault = OwnFile.fault(ofFolder: folder) {
            throw BerthError(
                .storageUnavailable, "The folder \(folder), where records are kept, \(fault). Nothing was pruned.")
        }
        descriptor = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("make", partial) }
        // zlib closes its own descriptor, and the archive syncs its own.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        stream = copy >= 0 ? gzdopen(copy, "wb") : nil
        guard stream != nil else {
            if copy >= 0 { Glibc.close(copy) }
            throw Self.failure("write", partial)
        }
    }

    deinit {
        if let stream { gzclose(stream) }
        Glibc.close(descriptor)
        // Nothing is there any more when it got its name.
        unlink(partial)
    }

    func write(_ lines: [UInt8]) throws(BerthError) {
        guard !lines.isEmpty else { return }
        digest.update(data: lines)
        let written = lines.withUnsafeBytes { gzwrite(stream, $0.baseAddress, UInt32($0.count)) }
        guard Int(written) == lines.count else { throw Self.failure("write", partial) }
    }

    /// Syncs what was written, reads it again, and gives it its name.
    /// - Returns: its path.
    func publish(_ range: ClosedRange<Int64>) throws(BerthError) -> String {
        let path = "\(folder)/\(range.lowerBound)-\(range.upperBound).ndjson.gz"
        let closed = gzclose(stream)
        stream = nil
        guard closed == Z_OK, fsync(descriptor) == 0 else { throw Self.failure("write", partial) }
        guard try Self.digest(of: partial) == digest.finalize() else {
            throw BerthError(
                .storageUnavailable, "The archive \(partial) does not read as it was written. Nothing was pruned.")
        }
        guard rename(partial, path) == 0 else { throw Self.failure("name", path) }
        for place in [folder, String(folder.prefix(through: folder.lastIndex(of: "/") ?? folder.startIndex))] {
            try Self.sync(folder: place)
        }
        return path
    }

    /// SHA-256 of what a compressed file holds.
    private static func digest(of path: String) throws(BerthError) -> SHA256.Digest {
        guard let stream = gzopen(path, "rb") else { throw failure("read", path) }
        defer { gzclose(stream) }
        var digest = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = gzread(stream, &buffer, UInt32(buffer.count))
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return digest.finalize() }
            buffer.withUnsafeBytes { digest.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
        }
    }

    private static func sync(folder: String) throws(BerthError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("sync", folder) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
    }

    private static func failure(_ verb: String, _ path: String) -> BerthError {
        BerthError(
            .storageUnavailable,
            "Cannot \(verb) \(path), where the records are kept: \(String(cString: strerror(errno))). Nothing was pruned."
        )
    }
}
