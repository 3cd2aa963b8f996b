/// Both clocks of the host, behind a protocol so that tests step them by hand.
package protocol HostClock: Sendable {
    /// Reads both clocks.
    func now() -> Moment

    /// How long the host has slept since boot, in milliseconds (`CLOCK_BOOTTIME` less `CLOCK_MONOTONIC`).
    /// It grows only over a suspend.
    func millisecondsAsleep() -> Int64
}
