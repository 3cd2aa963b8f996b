import Glibc

/// How many times in a second the disk makes 4 KiB durable for one writer, one after the other.
package enum SyncSpeed {
    private static let blockSize = 4096
    private static let blocks = 256

    /// Writes and syncs in a file of the folder for `duration`, and removes the file.
    ///
    /// The file has its whole length, and its blocks are on disk, before the clock starts: so each fdatasync(2) writes
    /// one block of data and no metadata, as SQLite's does on a write-ahead log that it fills again from its beginning.
    package static func measure(folder: String, duration: Nanoseconds) throws(BenchmarkError) -> Measurement {
        let path = "\(folder)/fdatasync-\(getpid())"
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("open \(path)") }
        // Nobody finds a file without a name, and an interrupt leaves nothing behind.
        unlink(path)
        defer { close(file) }
        var block = [UInt8](repeating: 0x42, count: blockSize)
        for number in 0..<blocks { try write(block, to: file, number: number) }
        guard fsync(file) == 0 else { throw .system("fsync \(path)") }

        var syncs = 0
        return try Repetition.measure(duration: duration) { () throws(BenchmarkError) in
            block[0] = UInt8(truncatingIfNeeded: syncs / blocks)
            try write(block, to: file, number: syncs % blocks)
            guard fdatasync(file) == 0 else { throw .system("fdatasync \(path)") }
            syncs += 1
        }
    }

    private static func write(_ block: [UInt8], to file: Int32, number: Int) throws(BenchmarkError) {
        guard pwrite(file, block, block.count, off_t(number * blockSize)) == block.count else {
            throw .system("pwrite")
        }
    }
}
