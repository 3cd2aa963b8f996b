import BerthCore

/// An active lease's expiry in its three columns.
struct ExpiryColumns {
    let boot: Int64?
    let deadline: Int64?
    let expiresAt: Int64?

    /// A deadline is always on the present boot's clock.
    init(_ expiry: Expiry, boots: BootRegistry) {
        switch expiry {
        case .never:
            (boot, deadline, expiresAt) = (nil, nil, nil)
        case .at(let deadline, let display):
            (boot, self.deadline, expiresAt) = (boots.current, deadline.milliseconds, display.milliseconds)
        }
    }
}
