import BerthCore
import BerthLeasing
import BerthTestSupport
import Testing

@Suite struct `The free ports of a pool` {
    @Test func `are none at first`() {
        let index = FreeBlockIndex(pool: pool(.of(20_000, 10)))
        #expect(index.freeCount == 0)
        #expect(index.largestRun == 0)
        #expect(!index.isFree(.of(20_000, 1)))
        #expect(index.nextFit(count: 1, align: 1, from: nil) == nil)
    }

    @Test func `are those inserted that the pool has, however often`() {
        var index = FreeBlockIndex(pool: pool(.of(20_000, 10), .of(20_020, 10), excluding: 20_005))
        index.insert(.of(19_000, 1_022))
        index.insert(.of(20_008, 4))
        #expect(index.freeCount == 11)
        #expect(index.isFree(.of(20_020, 2)))
        #expect(!index.isFree(.of(20_022, 1)))
        #expect(!index.isFree(.of(20_005, 1)))
        #expect(!index.isFree(.of(20_010, 1)))
    }

    @Test func `go away one by one, and a port that is not free may go again`() {
        var index = filled(pool(.of(20_000, 10)))
        for number in [20_004, 20_004, 30_000] { index.remove(.number(number)) }
        #expect(index.freeCount == 9)
        #expect(index.largestRun == 5)
    }

    @Test func `are taken all together or not at all`() {
        var index = filled(pool(.of(20_000, 10)))
        let answers = [(20_004, 2), (20_000, 5), (20_006, 5)].map { index.take(.of($0, $1)) }
        #expect(answers == [true, false, false])
        #expect(index.isFree(.of(20_000, 4)))
        #expect(index.isFree(.of(20_006, 4)))
        #expect(index.freeCount == 8)
    }

    @Test func `form no block across two ranges that touch`() {
        var index = filled(pool(.of(20_000, 10), .of(20_010, 10)))
        #expect(index.largestRun == 10)
        #expect(!index.isFree(.of(20_009, 2)))
        let isTaken = index.take(.of(20_009, 2))
        #expect(!isTaken)
        #expect(index.nextFit(count: 11, align: 1, from: nil) == nil)
        #expect(index.nextFit(count: 5, align: 1, from: .number(20_006)) == .of(20_010, 5))
    }

    @Test func `may be all ports there are`() {
        var index = filled(pool(.of(1, 65_535)))
        #expect(index.largestRun == 65_535)
        #expect(index.nextFit(count: 65_535, align: 1, from: .number(40_000)) == .of(1, 65_535))
        let isTaken = index.take(.of(1, 65_535))
        #expect(isTaken)
        #expect(index.freeCount == 0)
        index.insert(.of(65_535, 1))
        #expect(index.nextFit(count: 1, align: 1, from: nil) == .of(65_535, 1))
    }

    /// Sizes about those of one word, of two and of four.
    @Test(arguments: [1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257])
    func `are one run in a range that is free throughout`(count: Int) {
        var index = filled(pool(.of(20_000, count)))
        #expect(index.largestRun == count)
        #expect(index.nextFit(count: count, align: 1, from: nil) == .of(20_000, count))
        #expect(index.nextFit(count: count + 1, align: 1, from: nil) == nil)
        index.remove(.number(20_000))
        #expect(index.largestRun == count - 1)
    }

    @Test func `belong to one copy of the index`() {
        let original = filled(pool(.of(20_000, 10)))
        var copy = original
        copy.take(.of(20_000, 10))
        #expect(original.freeCount == 10)
        #expect(copy.freeCount == 0)
    }

    @Test func `are none for ever in a pool without ranges`() {
        let index = filled(pool())
        #expect(index.freeCount == 0)
        #expect(index.nextFit(count: 1, align: 1, from: .number(1)) == nil)
    }
}

@Suite struct `The next free block` {
    @Test func `begins at the start asked for, inside a run that began before`() {
        let index = filled(pool(.of(20_000, 100)))
        #expect(index.nextFit(count: 6, align: 1, from: .number(20_050)) == .of(20_050, 6))
    }

    @Test func `wraps round to the lowest, whole run and all`() {
        var index = filled(pool(.of(20_000, 100)))
        index.take(.of(20_000, 40))
        #expect(index.nextFit(count: 60, align: 1, from: .number(20_041)) == .of(20_040, 60))
        #expect(index.nextFit(count: 6, align: 1, from: .number(20_095)) == .of(20_040, 6))
    }

    @Test(arguments: [(1, 20_000), (20_010, 20_020), (20_029, 20_029), (20_030, 20_000), (65_535, 20_000)])
    func `may be asked for from any port`(start: Int, first: Int) {
        let index = filled(pool(.of(20_000, 10), .of(20_020, 10)))
        #expect(index.nextFit(count: 1, align: 1, from: .number(start)) == .of(first, 1))
    }

    @Test func `has a first port that the alignment divides, whatever the range begins with`() {
        var index = filled(pool(.of(20_003, 20), .of(20_023, 20)))
        #expect(index.nextFit(count: 5, align: 10, from: nil) == .of(20_010, 5))
        index.take(.of(20_012, 1))
        #expect(index.nextFit(count: 5, align: 10, from: nil) == .of(20_030, 5))
        #expect(index.nextFit(count: 5, align: 1000, from: nil) == nil)
        #expect(index.nextFit(count: 5, align: .max, from: nil) == nil)
    }

    @Test func `is missing when the only aligned port is too near the end of the pool`() {
        let index = filled(pool(.of(20_000, 64)))
        #expect(index.nextFit(count: 3, align: 20_061, from: nil) == .of(20_061, 3))
        #expect(index.nextFit(count: 4, align: 20_061, from: nil) == nil)
    }

    @Test func `is found by alignment in a later range when the first has none`() {
        let index = filled(pool(.of(1_001, 3), .of(20_000, 5)))
        #expect(index.nextFit(count: 2, align: 1000, from: nil) == .of(20_000, 2))
    }

    @Test(arguments: [1, 63, 64, 65, 128, 129, 256])
    func `is found in the one run that is long enough, wherever it lies in the words`(count: Int) {
        for first in 20_400..<20_530 {
            var index = FreeBlockIndex(pool: pool(.of(20_000, 1_000)))
            if count > 1 { index.insert(.of(20_000, count - 1)) }
            index.insert(.of(first, count))
            #expect(index.largestRun == count)
            #expect(index.nextFit(count: count, align: 1, from: nil) == .of(first, count))
            #expect(index.nextFit(count: count, align: 1, from: .number(first + 1)) == .of(first, count))
            #expect(index.nextFit(count: count + 1, align: 1, from: nil) == nil)
        }
    }

    /// Leases of 1 to 8 ports come and go until 95 of 100 ports are taken, and go on at that.
    @Test(arguments: 0..<4)
    func `is missing at 95 percent occupancy only when no free run is long enough`(seed: Int) {
        var random = SplitMix64(seed: seed)
        let ports = pool(.of(20_000, 2_000), .of(22_000, 2_000))
        var (index, model) = (filled(ports), FreeBlockModel(pool: ports))
        for range in ports.ranges { model.insert(range) }
        var leased: [PortBlock] = []
        var refusals = 0
        for _ in 0..<1_500 {
            let count = Int.random(in: 1...8, using: &random)
            let start = Port.number(Int.random(in: 20_000..<24_000, using: &random))
            if let block = index.nextFit(count: count, align: 1, from: start) {
                let isTaken = index.take(block) && model.take(block)
                #expect(isTaken, "seed \(seed): \(block) was proposed and is not free")
                leased.append(block)
            } else {
                refusals += 1
                #expect(model.largestRun < count, "seed \(seed): refused \(count) ports")
            }
            while index.freeCount < 200 {
                let block = leased.remove(at: Int.random(in: leased.indices, using: &random))
                index.insert(block)
                model.insert(block)
            }
        }
        #expect(index.freeCount < 220 && model.freeCount == index.freeCount, "seed \(seed)")
        #expect(refusals > 0, "seed \(seed): the pool never was full enough to refuse")
    }
}

private func pool(_ ranges: PortBlock..., excluding excluded: Int...) -> Pool {
    Pool(name: .standard, ranges: ranges, excluded: Set(excluded.map(Port.number)))
}

private func filled(_ pool: Pool) -> FreeBlockIndex {
    var index = FreeBlockIndex(pool: pool)
    for range in pool.ranges { index.insert(range) }
    return index
}

extension Port {
    fileprivate static func number(_ number: Int) -> Port { PortBlock.of(number, 1).first }
}
