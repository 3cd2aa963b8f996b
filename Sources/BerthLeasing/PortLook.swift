import BerthCore

/// What a look at a resting port found.
struct PortLook {
    let port: Port
    /// The port as it rested before.
    let resting: RestingPort
    let now: BootTime
    /// What is bound, in words; nil when nothing is.
    let holder: String?
    /// Set when the look made another state of it.
    var becomes: PortState?

    init(port: Port, resting: RestingPort, now: BootTime, holder: String?) {
        self.port = port
        self.resting = resting
        self.now = now
        self.holder = holder
        becomes = holder == nil && resting.restsUntil <= now ? .free : nil
    }

    /// Why the port stays, or comes back.
    var evidence: String {
        if let holder { return holder }
        guard resting.restsUntil > now else { return "nothing is bound to it" }
        return "nothing is bound to it; it rests for \(resting.restsUntil.milliseconds - now.milliseconds) ms more"
    }
}
