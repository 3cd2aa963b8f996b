import BerthCore
import BerthTestSupport
import Testing

@Suite struct `A pool` {
    @Test func `has its ranges in ascending order`() throws {
        let pool = try pool([(30_000, 5), (20_000, 5)])
        #expect(pool.ranges.map(\.description) == ["20000-20004", "30000-30004"])
        #expect(pool.ports.map(\.number) == Array(20_000...20_004) + Array(30_000...30_004))
    }

    @Test func `is cut into runs at its excluded ports and keeps touching ranges apart`() throws {
        let pool = try pool([(20_000, 10), (20_010, 4)], excluding: [20_000, 20_003, 20_004, 20_013, 40_000])
        #expect(pool.runs.map(\.description) == ["20001-20002", "20005-20009", "20010-20012"])
    }

    @Test func `may exclude all of a range`() throws {
        #expect(try pool([(20_000, 2)], excluding: [20_000, 20_001]).runs.isEmpty)
    }

    /// The pool is 20003-20012 without 20008, and 20013-20022, which touches it.
    @Test(arguments: [
        (1, 1, true), (10, 1, true), (11, 1, false), (8, 5, true), (9, 5, false), (3, 5, true), (3, 10, true),
        (4, 10, false), (2, 20_022, false), (1, 20_022, true), (1, 20_008, false), (1, 30_000, false),
    ])
    func `says whether a block could ever fit`(count: Int, align: Int, fits: Bool) throws {
        let pool = try pool([(20_003, 10), (20_013, 10)], excluding: [20_008])
        #expect(pool.canEverHold(count: count, align: align) == fits)
    }

    @Test func `agrees with a search through every first port`() throws {
        var random = SplitMix64(seed: 2)
        for _ in 0..<60 {
            let excluded = (0..<3).map { _ in Int.random(in: 1_000..<1_080, using: &random) }
            let pool = try pool([(1_000, 30), (1_030, 20), (1_060, 20)], excluding: excluded)
            for (count, align) in [(1, 1), (1, 64), (3, 7), (8, 8), (12, 10), (16, 16), (20, 1), (25, 5), (31, 1)] {
                let found = (1...1_100).contains { first in
                    first.isMultiple(of: align)
                        && pool.runs.contains { $0.numbers.contains(first) && $0.numbers.contains(first + count - 1) }
                }
                #expect(pool.canEverHold(count: count, align: align) == found, "\(pool.runs) \(count) \(align)")
            }
        }
    }

    private func pool(_ ranges: [(Int, Int)], excluding excluded: [Int] = []) throws -> Pool {
        let blocks = try ranges.map { first, count in
            let port = try #require(Port(first))
            return try #require(PortBlock(first: port, count: count))
        }
        return Pool(name: .standard, ranges: blocks, excluded: Set(excluded.compactMap { Port($0) }))
    }
}
