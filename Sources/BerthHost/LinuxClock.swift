package import BerthCore
internal import Glibc
internal import Synchronization

/// The clocks of this host (clock_gettime(2)).
package final class LinuxClock: HostClock {
    /// The boot that this process runs in.
    package let bootID: BootID
    /// `CLOCK_BOOTTIME` less `CLOCK_MONOTONIC` as last reported, in nanoseconds.
    private let nanosecondsAsleep: Atomic<Int64>

    /// Reads the boot id, once: it can't change while this process lives.
    /// - Throws: ``BerthError`` with ``ErrorCode/configuration`` when `/proc` doesn't give it.
    package init() throws(BerthError) {
        bootID = try LinuxClock.readBootID(at: "/proc/sys/kernel/random/boot_id")
        nanosecondsAsleep = Atomic(LinuxClock.measureSleep())
    }

    package func now() -> Moment {
        Moment(
            wall: Instant(milliseconds: LinuxClock.nanoseconds(CLOCK_REALTIME) / 1_000_000),
            boot: BootTime(milliseconds: LinuxClock.nanoseconds(CLOCK_BOOTTIME) / 1_000_000),
            bootID: bootID)
    }

    package func millisecondsAsleep() -> Int64 {
        let measured = LinuxClock.measureSleep()
        let known = nanosecondsAsleep.load(ordering: .relaxed)
        // The kernel moves the difference only at resume, but two clocks are never read in one instant. What is less
        // than 5 ms is that jitter: reported, it would look like a suspend.
        guard measured - known > 5_000_000 else { return known / 1_000_000 }
        nanosecondsAsleep.store(measured, ordering: .relaxed)
        return measured / 1_000_000
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

    /// The difference of the two clocks. Of several readings the one that took the shortest is the best: a thread
    /// that loses its processor between the clocks would see a sleep that never was.
    private static func measureSleep() -> Int64 {
        var best = (width: Int64.max, difference: Int64(0))
        for _ in 0..<16 {
            let before = nanoseconds(CLOCK_MONOTONIC)
            let boot = nanoseconds(CLOCK_BOOTTIME)
            let width = nanoseconds(CLOCK_MONOTONIC) - before
            if width < best.width { best = (width, boot - before) }
            if width < 10_000 { break }
        }
        return best.difference
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // It fails only for a clock that the kernel lacks, and these three are older than every kernel Berth runs on.
        guard clock_gettime(clock, &time) == 0 else { preconditionFailure("clock_gettime(2): errno \(errno)") }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
