internal import Glibc

/// Who holds a lock file with flock(2), found out without touching the lock.
package struct LockHolder: Hashable, Sendable {
    /// The process that holds the lock, by the kernel's word (proc_locks(5)); nil when no process of this PID
    /// namespace does.
    package let holder: Int32?
    /// The PID that stands in the file: that of the last holder, as it counted itself.
    package let written: Int32?
    /// The command name of the holder, else of the process that has the written PID now; nil when there is none.
    package let command: String?

    /// Looks at a lock file.
    /// - Returns: nil where there is no such file.
    /// - Throws: ``SystemError`` when the file or `/proc/locks` cannot be read.
    package static func read(_ path: String) throws(SystemError) -> LockHolder? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw SystemError("stat(2) of \(path)", errno) }
            return nil
        }
        let written = Int32(try ProcFile.text(path))
        let locks = parse(try ProcFile.text("/proc/locks")).filter { $0.inode == UInt64(status.st_ino) }
        // Some file systems (btrfs, overlays) show another device here than stat(2) does.
        let device = deviceText(UInt64(status.st_dev))
        let holder = locks.first { $0.device == device || $0.pid == written }?.pid
        return LockHolder(holder: holder, written: written, command: (holder ?? written).flatMap(command))
    }

    /// One lock of `/proc/locks` that is held for writing.
    struct Lock: Hashable, Sendable {
        let pid: Int32
        /// Major and minor number, in hexadecimal.
        let device: String
        let inode: UInt64
    }

    /// Reads `1: FLOCK  ADVISORY  WRITE 2345 fe:00:131090 0 EOF`; requests that wait have `->` in front.
    static func parse(_ table: String) -> [Lock] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", fields[3] == "WRITE", let pid = Int32(fields[4]),
                let colon = fields[5].lastIndex(of: ":"), let inode = UInt64(fields[5][colon...].dropFirst())
            else { return nil }
            return Lock(pid: pid, device: String(fields[5][..<colon]), inode: inode)
        }
    }

    /// The kernel's `%02x:%02x` of a device number (makedev(3)).
    static func deviceText(_ device: UInt64) -> String {
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & ~0xFF
        return [major, minor].map { number in
            let digits = String(number, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    private static func command(of pid: Int32) -> String? {
        do {
            return SocketOwners.printable(try ProcFile.text("/proc/\(pid)/comm"))
        } catch {
            return nil
        }
    }
}
