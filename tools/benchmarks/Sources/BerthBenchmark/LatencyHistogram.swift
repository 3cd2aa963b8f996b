/// Counts of latencies in buckets that are at most 1/128 of their value wide, from 1 ns to 10 minutes and more, so
/// that a percentile is right to 0.8 % and recording costs one increment, however many there are.
package struct LatencyHistogram {
    /// Buckets in each doubling of the value: 2^7.
    private static let precision = 7
    private var buckets = [UInt64](repeating: 0, count: Self.index(of: .max) + 1)
    package private(set) var count: UInt64 = 0

    package init() {}

    package mutating func record(_ latency: Nanoseconds) {
        buckets[Self.index(of: latency)] += 1
        count += 1
    }

    /// The smallest latency that at least this share of all was not above; nil when nothing was recorded.
    package func percentile(_ share: Double) -> Nanoseconds? {
        guard count > 0 else { return nil }
        let wanted = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            seen += bucket
            if seen >= wanted { return Self.upperBound(of: index) }
        }
        return nil
    }

    /// Values under 2^8 have a bucket each; above, the 8 leading bits name the bucket within its doubling.
    private static func index(of value: UInt64) -> Int {
        let leading = UInt64.bitWidth - value.leadingZeroBitCount
        let shift = max(0, leading - precision - 1)
        return (shift << precision) + Int(value >> UInt64(shift))
    }

    /// The largest value in a bucket.
    private static func upperBound(of index: Int) -> Nanoseconds {
        let shift = max(0, (index >> precision) - 1)
        let leading = UInt64(index - (shift << precision))
        return (leading << UInt64(shift)) + ((1 << UInt64(shift)) - 1)
    }
}
