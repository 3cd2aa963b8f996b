import BerthCore
import BerthLeasing
import BerthTestSupport
import Testing

@Suite struct `The free-block index and a plain model` {
    /// 320 pools with 330 operations each: 105,600 operations.
    @Test(arguments: 0..<8)
    func `agree on every answer through random histories`(batch: Int) throws {
        for seed in batch * 40..<batch * 40 + 40 {
            var history = History(seed: seed)
            for _ in 0..<330 { try history.advance() }
            try history.compareEverything()
        }
    }
}

/// An index and its model that go through the same random operations.
private struct History {
    private let seed: Int
    private var random: SplitMix64
    private var index: FreeBlockIndex
    private var model: FreeBlockModel
    private var step = 0

    init(seed: Int) {
        self.seed = seed
        random = SplitMix64(seed: seed)
        let pool = Pool.random(using: &random)
        index = FreeBlockIndex(pool: pool)
        model = FreeBlockModel(pool: pool)
        guard random.happens(inPercent: 80) else { return }
        for range in pool.ranges {
            index.insert(range)
            model.insert(range)
        }
    }

    /// One random operation on both.
    mutating func advance() throws {
        step += 1
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: try askForNextFit()
        case 35..<50: try takeSomeBlock()
        case 50..<75: insertSomeBlock()
        case 75..<85: removeSomePort()
        default: try askWhetherSomeBlockIsFree()
        }
        if step.isMultiple(of: 40) { try compareEverything() }
    }

    func compareEverything() throws {
        for number in model.window {
            try expect(model.isFreePort(number), index.isFree(.of(number, 1)), "isFree(\(number))")
        }
        try expect(model.freeCount, index.freeCount, "freeCount")
        try expect(model.largestRun, index.largestRun, "largestRun")
    }

    /// Takes what it is given most of the time, as a lease would.
    private mutating func askForNextFit() throws {
        let count = someCount()
        let align = random.happens(inPercent: 40) ? 1 : random.pick([2, 5, 6, 8, 10, 16, 100, 1000])
        let start = random.happens(inPercent: 10) ? nil : somePort()
        let block = model.nextFit(count: count, align: align, from: start)
        let question = "nextFit(count: \(count), align: \(align), from: \(start.map(\.description) ?? "nil"))"
        try expect(block, index.nextFit(count: count, align: align, from: start), question)
        guard let block, random.happens(inPercent: 80) else { return }
        try expect(model.take(block), index.take(block), "take(\(block))")
    }

    private mutating func takeSomeBlock() throws {
        let block = someBlock()
        try expect(model.take(block), index.take(block), "take(\(block))")
    }

    private mutating func insertSomeBlock() {
        let block = someBlock()
        model.insert(block)
        index.insert(block)
    }

    private mutating func removeSomePort() {
        let port = somePort()
        model.remove(port)
        index.remove(port)
    }

    private mutating func askWhetherSomeBlockIsFree() throws {
        let block = someBlock()
        try expect(model.isFree(block), index.isFree(block), "isFree(\(block))")
    }

    /// Small ones above all, so that many find room; 1…256.
    private mutating func someCount() -> Int {
        Int.random(in: 1...random.pick([1, 4, 4, 10, 10, 70, 256]), using: &random)
    }

    /// A port of the pool, or one between its ranges or a little outside, or rarely any other.
    private mutating func somePort() -> Port {
        let near = max(1, model.window.lowerBound - 20)...min(65_535, model.window.upperBound + 20)
        let number = Int.random(in: random.happens(inPercent: 97) ? near : 1...65_535, using: &random)
        return PortBlock.of(number, 1).first
    }

    private mutating func someBlock() -> PortBlock {
        let first = somePort()
        return .of(Int(first.number), min(someCount(), 65_536 - Int(first.number)))
    }

    private func expect<Answer: Equatable>(_ expected: Answer, _ answer: Answer, _ question: String) throws {
        guard answer != expected else { return }
        throw Divergence(seed: seed, step: step, question: question, answer: "\(answer)", expected: "\(expected)")
    }
}

/// The first place at which the index and the model part; the seed brings it back.
private struct Divergence: Error, CustomStringConvertible {
    let seed: Int
    let step: Int
    let question: String
    let answer: String
    let expected: String

    var description: String { "seed \(seed), step \(step): \(question) is \(answer), expected \(expected)" }
}
