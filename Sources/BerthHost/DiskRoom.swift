internal import CBerthLinux
internal import Glibc

/// The room that is left on a file system, and whether it is one of this host's own (statvfs(3), statfs(2)).
package struct DiskRoom: Hashable, Sendable {
    /// Bytes that this user may still write.
    package let freeBytes: UInt64
    /// The kind of a network file system; nil for a local one, or one that we don't know.
    package let network: String?

    /// Looks at the file system that holds `folder`.
    /// - Throws: ``SystemError`` when it cannot be looked at.
    package static func read(_ folder: String) throws(SystemError) -> DiskRoom {
        var room = statvfs()
        guard statvfs(folder, &room) == 0 else { throw SystemError("statvfs(3) of \(folder)", errno) }
        var kind: UInt64 = 0
        let result = berth_file_system(folder, &kind)
        guard result >= 0 else { throw SystemError("statfs(2) of \(folder)", -result) }
        return DiskRoom(
            freeBytes: UInt64(room.f_bavail) * UInt64(room.f_frsize),
            network: networks[UInt32(truncatingIfNeeded: kind)])
    }

    /// The magic numbers of statfs(2) and `linux/magic.h`.
    private static let networks: [UInt32: String] = [
        0x6969: "NFS", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2", 0x517B: "SMB", 0x5346_414F: "AFS",
        0x00C3_6400: "Ceph", 0x0102_1997: "9P",
    ]
}
