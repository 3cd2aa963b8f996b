import BerthCore

/// Lets so many requests through in a second, and after a rest as many at once as it holds.
///
/// It counts in thousandths of a request, which a millisecond brings in whole numbers, so that nothing is rounded away.
struct TokenBucket {
    /// What a request was told.
    struct Reading: Hashable {
        let isGranted: Bool
        /// Requests that would be let through now.
        let remaining: Int
        /// Until the bucket is full again, rounded up.
        let secondsUntilFull: Int
        /// Until one more request is let through, rounded up.
        let secondsUntilNext: Int
    }

    private static let request = 1000

    private let rate: TrafficLimits.Rate
    private var level: Int
    private var readAt: BootTime

    /// A full one.
    init(_ rate: TrafficLimits.Rate, at now: BootTime) {
        self.rate = rate
        level = rate.burst * Self.request
        readAt = now
    }

    /// Takes a request out, where there is one.
    mutating func take(at now: BootTime) -> Reading {
        fill(at: now)
        let isGranted = level >= Self.request
        if isGranted { level -= Self.request }
        return Reading(
            isGranted: isGranted, remaining: level / Self.request,
            secondsUntilFull: seconds(until: rate.burst * Self.request), secondsUntilNext: seconds(until: Self.request))
    }

    /// Whether a new bucket would be no different.
    mutating func isFull(at now: BootTime) -> Bool {
        fill(at: now)
        return level == rate.burst * Self.request
    }

    private mutating func fill(at now: BootTime) {
        let elapsed = max(0, now.milliseconds - readAt.milliseconds)
        readAt = max(readAt, now)
        let (gain, overflow) = Int(elapsed).multipliedReportingOverflow(by: rate.perSecond)
        let room = rate.burst * Self.request - level
        level += overflow ? room : min(room, gain)
    }

    private func seconds(until goal: Int) -> Int {
        let missing = max(0, goal - level)
        let milliseconds = (missing + rate.perSecond - 1) / rate.perSecond
        return (milliseconds + 999) / 1000
    }
}
