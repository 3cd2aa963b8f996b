extension Instant: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds, `2026-11-23T19:10:42.123Z`.
    ///
    /// Written by hand because it stands in every reply and every audit record; Foundation's formatter took more time
    /// than the rest of a lease's encoding.
    package var description: String {
        let (days, millisecondOfDay) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = civilDate(daysSince1970: days)
        let second = millisecondOfDay / 1000
        var text = ""
        text.reserveCapacity(24)
        text.append(year, digits: 4)
        text.append("-")
        text.append(month, digits: 2)
        text.append("-")
        text.append(day, digits: 2)
        text.append("T")
        text.append(second / 3600, digits: 2)
        text.append(":")
        text.append(second / 60 % 60, digits: 2)
        text.append(":")
        text.append(second % 60, digits: 2)
        text.append(".")
        text.append(millisecondOfDay % 1000, digits: 3)
        text.append("Z")
        return text
    }

    /// Reads an RFC 3339 date-time (section 5.6) with any offset and any number of decimals; nil for anything else.
    /// Decimals past the millisecond are cut.
    package init?(_ text: String) {
        guard
            let match = text.wholeMatch(
                of: /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))/),
            let year = Int64(match.1), let month = Int64(match.2), let day = Int64(match.3),
            let hour = Int64(match.4), let minute = Int64(match.5), let second = Int64(match.6),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        guard civilDate(daysSince1970: days) == (year, month, day) else { return nil }
        let decimals = (match.7.map(String.init) ?? "").prefix(3)
        let fraction = Int64(decimals + String(repeating: "0", count: 3 - decimals.count)) ?? 0
        var offset: Int64 = 0
        if let sign = match.8, let hours = match.9.flatMap({ Int64($0) }), let minutes = match.10.flatMap({ Int64($0) })
        {
            guard hours < 24, minutes < 60 else { return nil }
            offset = (hours * 60 + minutes) * (sign == "-" ? -60 : 60)
        }
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
        self.init(milliseconds: seconds * 1000 + fraction)
    }
}

/// The proleptic Gregorian date of a day; algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
private func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}

private func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension String {
    fileprivate mutating func append(_ number: Int64, digits: Int) {
        let plain = String(number)
        for _ in 0..<max(0, digits - plain.utf8.count) { append("0") }
        append(plain)
    }
}
