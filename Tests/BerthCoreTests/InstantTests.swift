import BerthCore
import BerthTestSupport
import Testing

@Suite struct `An instant as RFC 3339 text` {
    /// Unix times as date(1) tells them: `date -u -d 2024-02-29T12:00:00Z +%s`.
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_208_000_000, "2024-02-29T12:00:00.000Z"), (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
        (4_107_542_399_007, "2100-02-28T23:59:59.007Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `is written in UTC with milliseconds and read back`(milliseconds: Int64, text: String) {
        #expect(Instant(milliseconds: milliseconds).description == text)
        #expect(Instant(text) == Instant(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "2026-11-23T19:10:42.5Z", "2026-11-23t19:10:42.50z", "2026-11-23 19:10:42.500999Z",
        "2026-11-23T20:10:42.5+01:00", "2026-11-24T01:40:42.5+06:30", "2026-11-23T15:10:42.5-04:00",
        "2026-11-23T19:10:42.5-00:00",
    ])
    func `is read with any offset and any number of decimals`(text: String) {
        #expect(Instant(text)?.description == "2026-11-23T19:10:42.500Z")
    }

    @Test func `takes a leap second for the first of the next minute`() {
        #expect(Instant("2016-12-31T23:59:60Z")?.description == "2017-01-01T00:00:00.000Z")
    }

    @Test(arguments: [1900, 2023, 2025, 2100, 2200])
    func `knows years without a leap day`(year: Int) {
        #expect(Instant("\(year)-02-28T00:00:00Z") != nil)
        #expect(Instant("\(year)-02-29T00:00:00Z") == nil)
    }

    @Test(arguments: [1600, 2000, 2024, 2028, 2400])
    func `knows years with a leap day`(year: Int) {
        #expect(Instant("\(year)-02-29T00:00:00Z") != nil)
        #expect(Instant("\(year)-02-30T00:00:00Z") == nil)
    }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T19:10:42", "2026-11-23T19:10Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
        "26-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
    ])
    func `is read from nothing else`(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `is read back for any millisecond of the years 1 to 9999`() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2_000 {
            let milliseconds = Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random)
            let instant = Instant(milliseconds: milliseconds)
            #expect(Instant(instant.description) == instant)
        }
    }

    @Test func `sorts as the instants do`() {
        var random = SplitMix64(seed: 4)
        let instants = (0..<500).map { _ in
            Instant(milliseconds: Int64.random(in: 0...4_102_444_800_000, using: &random))
        }
        #expect(instants.sorted().map(\.description) == instants.map(\.description).sorted())
    }

    /// Every day of 400 years, after which the calendar repeats, counted by the rule people know.
    @Test func `follows the calendar day by day`() {
        var milliseconds: Int64 = 946_684_800_000
        for year in 2000..<2400 {
            let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
            for (month, days) in zip(1..., [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in 1...days {
                    let date = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
                    if !Instant(milliseconds: milliseconds).description.hasPrefix(date) {
                        Issue.record("\(milliseconds) is \(date), not \(Instant(milliseconds: milliseconds))")
                        return
                    }
                    milliseconds += 86_400_000
                }
            }
        }
    }
}

@Suite struct `Moving an instant` {
    @Test func `forward and back stays at the ends of the range`() {
        #expect(Instant(milliseconds: 5).advanced(byMilliseconds: -7) == Instant(milliseconds: -2))
        #expect(Instant(milliseconds: .max - 1).advanced(byMilliseconds: 2) == Instant(milliseconds: .max))
        #expect(Instant(milliseconds: .min + 1).advanced(byMilliseconds: -2) == Instant(milliseconds: .min))
        #expect(BootTime(milliseconds: 5).advanced(byMilliseconds: 7) == BootTime(milliseconds: 12))
        #expect(BootTime(milliseconds: .max).advanced(byMilliseconds: 1) == BootTime(milliseconds: .max))
        #expect(BootTime(milliseconds: .min).advanced(byMilliseconds: -1) == BootTime(milliseconds: .min))
    }
}
