package import BerthCore

/// A moment as people write it: an instant, or how long ago it was.
package enum PastInstant {
    /// Reads `2026-11-23T19:10:42.123Z`, `2h`, `7d`.
    /// - Returns: nil for what is neither.
    package static func read(_ text: String, now: Instant) -> Instant? {
        if let instant = Instant(text) { return instant }
        guard let seconds = DurationText.seconds(text), seconds <= 1_000_000_000 else { return nil }
        return now.advanced(byMilliseconds: -seconds * 1000)
    }
}
