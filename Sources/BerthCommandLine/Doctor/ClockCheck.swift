package import BerthCore

/// Whether the clocks run as the ledger says.
package struct ClockCheck: DoctorCheck {
    package static let name = "clock"

    let now: Moment
    let newestRecord: Instant?

    /// - Parameter newestRecord: the instant of the newest audit record; nil when there is none.
    package init(now: Moment, newestRecord: Instant?) {
        self.now = now
        self.newestRecord = newestRecord
    }

    package var findings: [Finding] {
        guard let newestRecord, newestRecord > now.wall else {
            let uptime = DurationText.brief(seconds: now.boot.milliseconds / 1000)
            return [finding(.ok, "The wall clock says \(now.wall), the boot clock \(uptime) since the boot.")]
        }
        let behind = DurationText.brief(seconds: (newestRecord.milliseconds - now.wall.milliseconds) / 1000)
        return [
            finding(
                .warning,
                "The wall clock says \(now.wall), \(behind) before the newest audit record (\(newestRecord)). Deadlines"
                    + " are not hurt, they run on the boot clock; new audit records repeat that instant until it passes.",
                mend: "set the clock, for example with: timedatectl set-ntp true")
        ]
    }
}
