package import BerthCore

/// Moments as seen from now.
package enum RelativeTime {
    /// `in 59m`, `5m ago`, `now` for less than a second either way; the text itself where it is no instant.
    package static func text(_ instant: String, now: Instant) -> String {
        guard let moment = Instant(instant) else { return instant }
        let milliseconds = moment.milliseconds - now.milliseconds
        let span = DurationText.brief(seconds: abs(milliseconds) / 1000)
        if abs(milliseconds) < 1000 { return "now" }
        return milliseconds > 0 ? "in \(span)" : "\(span) ago"
    }

    /// The instant itself, and from now in parentheses.
    package static func both(_ instant: String, now: Instant) -> String {
        "\(instant) (\(text(instant, now: now)))"
    }
}
