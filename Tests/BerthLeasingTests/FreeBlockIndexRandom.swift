import BerthCore
import BerthTestSupport

extension Pool {
    /// One to six ranges with 1 to 5,000 ports in all, which often touch, with some ports excluded; now and then the
    /// pool begins at the lowest port there is or ends at the highest.
    static func random(using random: inout SplitMix64) -> Pool {
        let sizes = randomRangeSizes(using: &random)
        let gaps = sizes.dropFirst().map { _ in
            random.happens(inPercent: 50) ? 0 : Int.random(in: 1...90, using: &random)
        }
        let extent = sizes.reduce(0, +) + gaps.reduce(0, +)
        let highestStart = 65_536 - extent
        var next = random.pick([1, highestStart, Int.random(in: 1...highestStart, using: &random)])
        var ranges: [PortBlock] = []
        for (size, gap) in zip(sizes, gaps + [0]) {
            ranges.append(.of(next, size))
            next += size + gap
        }
        let excludedPercent = random.pick([0, 0, 1, 10])
        let excluded = ranges.flatMap(\.ports).filter { _ in random.happens(inPercent: excludedPercent) }
        return Pool(name: .standard, ranges: ranges, excluded: Set(excluded))
    }

    private static func randomRangeSizes(using random: inout SplitMix64) -> [Int] {
        let total = Int.random(in: 1...random.pick([10, 70, 200, 200, 600, 600, 1500, 5000]), using: &random)
        let rangeCount = Int.random(in: 1...min(6, total), using: &random)
        var sizes = Array(repeating: 1, count: rangeCount)
        var left = total - rangeCount
        for index in sizes.indices.dropLast() {
            let share = Int.random(in: 0...left, using: &random)
            sizes[index] += share
            left -= share
        }
        sizes[rangeCount - 1] += left
        return sizes
    }
}
