import BerthCore

/// Sebastiano Vigna's SplitMix64 (https://prng.di.unimi.it/splitmix64.c): the same numbers for the same seed anywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something that happens in `percent` of all cases happens now.
    mutating func happens(inPercent percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}

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

extension PortBlock {
    /// The block of `count` ports from `first` on; a test that names an impossible one stops here.
    static func of(_ first: Int, _ count: Int) -> PortBlock {
        guard let port = Port(first), let block = PortBlock(first: port, count: count) else {
            preconditionFailure("\(count) ports from \(first) on are no block")
        }
        return block
    }
}
