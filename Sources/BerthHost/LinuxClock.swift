package import BerthCore
internal import Glibc

/// The clocks of this host (clock_gettime(2)).
package final class LinuxClock: HostClock {
    /// The boot that this process runs in.
    package let bootID: BootID

    /// Reads the boot id, once: it can't change while this process lives.
    /// - Throws: ``BerthError`` with ``ErrorCode/configuration`` when `/proc` doesn't give it.
    package init() throws(BerthError) {
        bootID = try LinuxClock.readBootID(at: "/proc/sys/kernel/random/boot_id")
    }

    package func now() -> Moment {
        Moment(
            wall: Instant(milliseconds: LinuxClock.nanoseconds(CLOCK_REALTIME) / 1_000_000),
            boot: BootTime(milliseconds: LinuxClock.nanoseconds(CLOCK_BOOTTIME) / 1_000_000),
            bootID: bootID)
    }

    /// Reads a boot id (random(4)) from `path`.
    static func readBootID(at path: String) throws(BerthError) -> BootID {
        let text: String
        do {
            text = try ProcFile.text(path)
        } catch {
            throw BerthError(.configuration, "Berth needs \(path) to tell boots apart: mount /proc.", cause: error)
        }
        guard !text.isEmpty else { throw BerthError(.configuration, "\(path) is empty; it must hold the boot id.") }
        return BootID(text)
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // It fails only for a clock that the kernel lacks, and these two are older than every kernel Berth runs on.
        guard clock_gettime(clock, &time) == 0 else { preconditionFailure("clock_gettime(2): errno \(errno)") }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
