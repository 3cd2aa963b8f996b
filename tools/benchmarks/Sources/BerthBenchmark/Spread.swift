/// The same figure from each round: its median, and how far the rounds lie apart.
package struct Spread: Equatable {
    package let median: Double
    package let minimum: Double
    package let maximum: Double

    /// nil without any value.
    package init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        minimum = first
        maximum = last
    }

    /// `median (min–max)`, the median alone for a single round, each written by `format`.
    package func text(_ format: (Double) -> String) -> String {
        if minimum == maximum { return format(median) }
        return "\(format(median)) (\(format(minimum))–\(format(maximum)))"
    }
}
