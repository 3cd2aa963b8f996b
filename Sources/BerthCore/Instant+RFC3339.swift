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
        var reader = DigitReader(text)
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T", "t", " "),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2), hour < 24, minute < 60, second <= 60,
            let fraction = reader.milliseconds(), let offset = reader.offsetSeconds(), reader.isAtEnd
        else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        guard (1...12).contains(month), civilDate(daysSince1970: days) == (year, month, day) else { return nil }
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
        self.init(milliseconds: seconds * 1000 + fraction)
    }
}

/// Takes ASCII digits and marks off the front of a text.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    /// Exactly so many digits; nil when there are fewer.
    mutating func number(digits: Int) -> Int64? {
        var number: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// One of the marks; false, and nothing is taken, when there is none.
    mutating func skip(_ marks: Unicode.Scalar...) -> Bool {
        guard let byte = rest.first, marks.contains(Unicode.Scalar(byte)) else { return false }
        rest.removeFirst()
        return true
    }

    /// The decimals of a second; 0 when there are none.
    mutating func milliseconds() -> Int64? {
        guard skip(".") else { return 0 }
        guard var fraction = digit() else { return nil }
        var count = 1
        while let digit = digit() {
            count += 1
            if count <= 3 { fraction = fraction * 10 + digit }
        }
        while count < 3 {
            fraction *= 10
            count += 1
        }
        return fraction
    }

    /// How far the clock of the text is ahead of UTC.
    mutating func offsetSeconds() -> Int64? {
        if skip("Z", "z") { return 0 }
        let isBehind = rest.first == UInt8(ascii: "-")
        guard skip("+", "-"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isBehind ? -60 : 60)
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int64(byte - UInt8(ascii: "0"))
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
