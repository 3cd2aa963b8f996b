/// Numbers as the report writes them. Foundation is left out: it would be the largest part of the program.
package enum NumberText {
    /// With so many digits after the point: `fixed(2.345, 2)` is `2.35`.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let whole = "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale)"
        if digits == 0 { return whole }
        let fraction = String(abs(scaled) % scale)
        return "\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// A rate: `12,345`.
    package static func rate(_ value: Double) -> String {
        let digits = Array(fixed(value, 0))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A latency in milliseconds, given in nanoseconds: three digits that count, as in `0.123`, `4.56` and `78.9`.
    package static func milliseconds(_ nanoseconds: Double) -> String {
        let value = nanoseconds / 1e6
        return fixed(value, value < 1 ? 3 : value < 10 ? 2 : 1)
    }
}
