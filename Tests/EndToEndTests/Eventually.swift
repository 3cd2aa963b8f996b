import Glibc

/// Asks until the answer is there, with a short pause between two questions.
///
/// The pause only saves processor time; nothing rests on its length.
/// - Returns: nil when the time is over.
func eventually<Answer>(
    within seconds: Double = 10, pauseMilliseconds: Int32 = 5, _ ask: () throws -> Answer?
) rethrows -> Answer? {
    let deadline = Stopwatch()
    while true {
        if let answer = try ask() { return answer }
        guard deadline.seconds < seconds else { return nil }
        poll(nil, 0, pauseMilliseconds)
    }
}

/// Whether the condition comes true in time.
func becomesTrue(within seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    try eventually(within: seconds) { try condition() ? true : nil } ?? false
}

/// Time since its making, on the clock that leases expire by (CLOCK_BOOTTIME, clock_gettime(2)).
struct Stopwatch: Sendable {
    private let start = Stopwatch.now()

    var seconds: Double { Stopwatch.now() - start }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
