import BerthTestSupport
import CFaultVFS
import FoundationEssentials

/// The folder of the daemon's database, in memory where the host has one. Its calls can be made to fail, and it can be
/// cut off as when the daemon's process has ended.
final class SimulatedDisk: Sendable {
    private let folder: TemporaryFolder
    private let number: Int32

    init() throws {
        folder = try TemporaryFolder.inMemory()
        number = fault_disk_attach(folder.path)
        precondition(number >= 0, "the shim has no room for more disks in one process: use fewer seeds")
    }

    deinit { fault_disk_detach(number) }

    var path: String { folder.file("berth.db") }

    /// Lets the call of that number fail, counted from 1 and from here on; 0 for none.
    func fail(call: Int64, _ variant: fault_variant = FAULT_ERROR) { fault_disk_fail(number, call, variant) }

    /// Whether the call that was named by ``fail(call:_:)`` came, and failed.
    var hasFailed: Bool { fault_disk_failed_call(number) >= 0 }

    /// Syncs of a file whose sync had failed before: there must be none.
    var repeatedSyncs: Int64 { fault_disk_repeated_syncs(number) }

    /// Nothing reaches the disk from here on.
    func switchOff() { fault_disk_switch_off(number) }

    /// What the process left behind, on another disk and without its locks.
    func copied() throws -> SimulatedDisk {
        let copy = try SimulatedDisk()
        for name in ["berth.db", "berth.db-wal", "berth.db-journal"]
        where FileManager.default.fileExists(atPath: folder.file(name)) {
            try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.folder.file(name))
        }
        return copy
    }
}
