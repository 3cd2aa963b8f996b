import BerthTestSupport
import CFaultVFS
import Testing

/// A folder in memory whose SQLite files go through the shim of `CFaultVFS`: it records their changes and fails on
/// request. Every other file of the process passes it by.
final class FaultDisk: Sendable {
    let folder: TemporaryFolder
    let number: Int32

    init() throws {
        folder = try TemporaryFolder.inMemory()
        number = fault_disk_attach(folder.path)
        try #require(number >= 0)
    }

    deinit { fault_disk_detach(number) }

    var path: String { folder.file("berth.db") }

    // MARK: The record

    /// Keeps every change from here on. A sync takes this long, so that an answer that does not wait for it shows.
    func record(syncMicroseconds: Int32) {
        fault_disk_record(number)
        fault_disk_slow_syncs(number, syncMicroseconds)
    }

    /// How many changes were recorded.
    var position: Int64 { fault_disk_position(number) }

    /// The positions of the recorded syncs of the files whose name ends so.
    func syncs(of suffix: String = "") -> [Int64] {
        (0..<position).filter {
            fault_disk_event(number, $0) == FAULT_SYNC
                && String(cString: fault_disk_event_file(number, $0)).hasSuffix(suffix)
        }
    }

    // MARK: Faults

    /// Lets the call of that number fail, counted from 1 and from here on.
    func fail(call: Int64, _ variant: fault_variant) { fault_disk_fail(number, call, variant) }

    /// How many calls there were since ``fail(call:_:)``.
    var calls: Int64 { fault_disk_calls(number) }

    /// The kind of call that failed, and its file; nil when none has.
    var failedCall: (kind: fault_call, file: String)? {
        let kind = fault_disk_failed_call(number)
        guard kind >= 0 else { return nil }
        return (fault_call(rawValue: UInt32(kind)), String(cString: fault_disk_failed_file(number)))
    }

    /// Syncs of a file whose sync had failed before.
    var repeatedSyncs: Int64 { fault_disk_repeated_syncs(number) }

    /// No file may grow any more, or each may again.
    func setFull(_ isFull: Bool) { fault_disk_set_full(number, isFull ? 1 : 0) }

    /// Nothing reaches the disk from here on, as when the process has ended.
    func switchOff() { fault_disk_switch_off(number) }

    /// Holds every sync, or lets them go on.
    func holdSyncs(_ isHeld: Bool) { fault_disk_hold_syncs(number, isHeld ? 1 : 0) }

    /// How many syncs are held now.
    var heldSyncs: Int32 { fault_disk_held_syncs(number) }

    /// How many syncs came to their end so far.
    var finishedSyncs: Int64 { fault_disk_syncs(number) }
}
