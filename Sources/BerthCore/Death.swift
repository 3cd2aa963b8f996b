/// The end of one process, and how it was seen.
package struct Death: Hashable, Sendable {
    /// How a death was seen. The raw value is what the audit says of it.
    package enum Sighting: String, Hashable, Sendable {
        /// The kernel told, through the process's own descriptor (pidfd_open(2)).
        case event = "its pidfd told"
        /// Berth looked, and exactly this process lived no more.
        case look = "it was gone when Berth looked"
        /// It ran in an earlier boot of the host.
        case reboot = "the host was started anew since"
    }

    package let process: ProcessIdentity
    package let sighting: Sighting

    package init(_ process: ProcessIdentity, _ sighting: Sighting) {
        self.process = process
        self.sighting = sighting
    }

    /// The evidence in words: which process, when it started, how its end was seen.
    /// - Parameter startedAt: when it started by the wall clock, where that is still known.
    package func evidence(startedAt: Instant?) -> String {
        let start = startedAt.map { "\($0), " } ?? ""
        return "PID \(process.pid), started \(start)tick \(process.startTicks), has ended: \(sighting.rawValue)"
    }
}
