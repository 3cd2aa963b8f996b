package import BerthCore
import Synchronization

/// Both clocks of a host, which stand still until a test moves them.
package final class ManualClock: HostClock {
    private struct Reading {
        var wall: Int64
        var boot: Int64
        var bootID: BootID
    }

    private let reading: Mutex<Reading>

    /// Starts on 2026-11-23 at noon UTC, 1,000 s after the host's start.
    package init(boot: BootID = BootID("boot-1")) {
        reading = Mutex(Reading(wall: 1_795_435_200_000, boot: 1_000_000, bootID: boot))
    }

    package func now() -> Moment {
        reading.withLock { reading in
            Moment(
                wall: Instant(milliseconds: reading.wall), boot: BootTime(milliseconds: reading.boot),
                bootID: reading.bootID)
        }
    }

    /// Lets time pass on both clocks.
    package func advance(milliseconds: Int64) {
        reading.withLock { reading in
            reading.wall += milliseconds
            reading.boot += milliseconds
        }
    }

    /// Sets the wall clock forward, or back when negative; the boot clock does not notice.
    package func stepWall(milliseconds: Int64) { reading.withLock { $0.wall += milliseconds } }

    /// Lets time pass while the host is suspended.
    package func sleep(milliseconds: Int64) {
        reading.withLock { reading in
            reading.wall += milliseconds
            reading.boot += milliseconds
        }
    }

    /// Starts the host anew: its boot clock begins at `boot` milliseconds, `down` milliseconds later by the wall clock.
    package func reboot(as bootID: BootID, down: Int64, boot: Int64 = 10_000) {
        reading.withLock { reading in
            reading.wall += down
            reading.boot = boot
            reading.bootID = bootID
        }
    }
}
