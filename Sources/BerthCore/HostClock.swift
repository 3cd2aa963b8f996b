/// Both clocks of the host, behind a protocol so that tests step them by hand.
package protocol HostClock: Sendable {
    /// Reads both clocks.
    func now() -> Moment
}
