import BerthCommandLine
import Testing

@Suite struct `Reading durations` {
    @Test(
        arguments: [
            ("300", 300), ("0", 0), ("45s", 45), ("5m", 300), ("1h30m", 5400), ("90d", 7_776_000), ("1d2h3m4s", 93_784),
            ("2h5s", 7205),
        ] as [(String, Int64)])
    func `takes seconds alone, or units from large to small`(text: String, seconds: Int64) {
        #expect(DurationText.seconds(text) == seconds)
    }

    @Test(arguments: [
        "", " 5m", "5m ", "-5", "5 m", "m", "5x", "1.5h", "30m1h", "5m5m", "5m30", "9223372036854775807d",
        "99999999999999999999",
    ])
    func `refuses what is no duration`(text: String) {
        #expect(DurationText.seconds(text) == nil)
    }

    @Test(
        arguments: [
            (0, "0s"), (59, "59s"), (60, "1m"), (119, "1m59s"), (300, "5m"), (599, "9m59s"), (601, "10m"),
            (3599, "59m"), (3600, "1h"), (5400, "1h30m"),
            (86_399, "23h59m"), (86_400, "1d"), (183_600, "2d3h"), (86_459, "1d"),
        ] as [(Int64, String)])
    func `shows two units at most`(seconds: Int64, text: String) {
        #expect(DurationText.brief(seconds: seconds) == text)
    }
}
