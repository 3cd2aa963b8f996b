/// A moment by the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
///
/// It is for people and for the audit. Nothing expires by it within a boot: see ``BootTime``.
package struct Instant: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment this many milliseconds later, or earlier when negative; it stays at the ends of the type's range.
    package func advanced(byMilliseconds span: Int64) -> Instant {
        let (sum, overflow) = milliseconds.addingReportingOverflow(span)
        return Instant(milliseconds: overflow ? (span < 0 ? .min : .max) : sum)
    }
}

/// A moment on the host's boot clock: milliseconds since boot, suspend included (`CLOCK_BOOTTIME`, clock_gettime(2)).
///
/// No step of the wall clock moves it, so a deadline on it never fires early. It says nothing in another boot.
package struct BootTime: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: BootTime, right: BootTime) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment this many milliseconds later, or earlier when negative; it stays at the ends of the type's range.
    package func advanced(byMilliseconds span: Int64) -> BootTime {
        let (sum, overflow) = milliseconds.addingReportingOverflow(span)
        return BootTime(milliseconds: overflow ? (span < 0 ? .min : .max) : sum)
    }
}

/// One boot of the kernel: the text of `/proc/sys/kernel/random/boot_id` (random(4)).
package struct BootID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) { description = text }
}

/// Both clocks, read once: every change takes one of these and reads no clock again.
package struct Moment: Hashable, Sendable {
    /// For people and the audit.
    package let wall: Instant
    /// For deadlines.
    package let boot: BootTime
    /// The boot that `boot` counts from.
    package let bootID: BootID

    package init(wall: Instant, boot: BootTime, bootID: BootID) {
        self.wall = wall
        self.boot = boot
        self.bootID = bootID
    }
}
