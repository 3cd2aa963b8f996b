import Glibc

/// Nanoseconds on a clock, or between two readings of it.
package typealias Nanoseconds = UInt64

extension Nanoseconds {
    package init(seconds: Double) {
        self = Nanoseconds((seconds * 1e9).rounded())
    }

    package var seconds: Double { Double(self) / 1e9 }

    /// What a clock shows; 0 when it does not exist. CLOCK_MONOTONIC is read without entering the kernel (vdso(7)).
    static func reading(of clock: clockid_t) -> Nanoseconds {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return 0 }
        return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
    }

    /// The time on the clock that no one sets.
    static var now: Nanoseconds { reading(of: CLOCK_MONOTONIC) }
}
