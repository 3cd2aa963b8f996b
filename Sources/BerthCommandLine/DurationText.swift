/// Lengths of time as people write them: `300` (seconds), `5m`, `1h30m`, `90d`.
package enum DurationText {
    /// Reads seconds alone, or numbers with units from days down to seconds, each unit at most once.
    /// - Returns: whole seconds; nil for anything else, and for more than 64 bits hold.
    package static func seconds(_ text: String) -> Int64? {
        guard
            let match = text.wholeMatch(of: /(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?|(\d+)/), !text.isEmpty
        else { return nil }
        if let plain = match.5 { return Int64(plain) }
        var total: Int64 = 0
        for (digits, unit) in [(match.1, 86_400), (match.2, 3600), (match.3, 60), (match.4, 1)] as [(Substring?, Int64)]
        {
            guard let digits else { continue }
            guard let number = Int64(digits) else { return nil }
            let (product, tooLong) = number.multipliedReportingOverflow(by: unit)
            let (sum, tooMuch) = total.addingReportingOverflow(product)
            guard !tooLong, !tooMuch else { return nil }
            total = sum
        }
        return total
    }

    /// The two largest units of a length, rounded down: `45s`, `4m59s`, `59m`, `1h30m`, `2d3h`.
    package static func brief(seconds: Int64) -> String {
        let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
        guard let index = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0s" }
        let large = units[index]
        let rest = seconds % large.seconds
        // From ten minutes on, seconds are noise that changes while one reads.
        guard index + 1 < units.count, seconds >= 3600 || seconds < 600, rest >= units[index + 1].seconds else {
            return "\(seconds / large.seconds)\(large.name)"
        }
        let small = units[index + 1]
        return "\(seconds / large.seconds)\(large.name)\(rest / small.seconds)\(small.name)"
    }
}
