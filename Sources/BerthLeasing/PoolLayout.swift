internal import BerthCore

/// The ports of a pool as one row of positions, in which no block can pass from one run of the pool into the next.
///
/// A run is a stretch of ports in which nothing stops a block: a range of the pool, cut at its excluded ports. The runs
/// lie one after another, with one dead position between two of them that stands for no port and is never free. So
/// positions that follow one another without a gap are ports that one block may hold, even where two ranges touch:
///
///     run          20000 - 20003    20004 - 20006    30000 - 30001
///     position     0  1  2  3    4   5  6  7      8   9  10
///                                ╵                ╵
///                              dead             dead
struct PoolLayout: Sendable {
    /// One run of the pool: its ports, and the position of the first of them.
    struct Run: Sendable {
        let ports: ClosedRange<Int>
        let firstPosition: Int

        /// The position after the last port's.
        var endPosition: Int { firstPosition + ports.count }

        func port(at position: Int) -> Int { ports.lowerBound + position - firstPosition }
        func position(of port: Int) -> Int { firstPosition + port - ports.lowerBound }

        /// Where those ports of the block lie that are in this run. The two must overlap.
        func positions(of block: PortBlock) -> Range<Int> {
            let common = block.numbers.clamped(to: ports)
            return position(of: common.lowerBound)..<position(of: common.upperBound) + 1
        }
    }

    /// Ascending, by port and by position alike.
    private let runs: [Run]

    /// How many positions there are, the dead ones too.
    let positionCount: Int

    /// - Parameter blocks: the runs of the pool, ascending.
    init(runs blocks: [PortBlock]) {
        var runs: [Run] = []
        var next = 0
        for block in blocks {
            let run = Run(ports: block.numbers, firstPosition: next)
            runs.append(run)
            next = run.endPosition + 1
        }
        self.runs = runs
        self.positionCount = runs.last?.endPosition ?? 0
    }

    /// The runs that have a port in common with the block.
    func runs(overlapping block: PortBlock) -> ArraySlice<Run> {
        let begin = firstIndex { $0.ports.upperBound >= block.numbers.lowerBound }
        let end = firstIndex { $0.ports.lowerBound > block.numbers.upperBound }
        return runs[begin..<end]
    }

    /// The run that all of the block lies in.
    func run(containing block: PortBlock) -> Run? {
        let index = firstIndex { $0.ports.upperBound >= block.numbers.upperBound }
        guard index < runs.endIndex, runs[index].ports.lowerBound <= block.numbers.lowerBound else { return nil }
        return runs[index]
    }

    /// The run that has a port at the position, which must not be a dead one.
    func run(at position: Int) -> Run { runs[firstIndex { $0.endPosition > position }] }

    /// The position of the lowest port of the pool that is not below `port`; the end of the row when there is none.
    func position(atOrAfter port: Port) -> Int {
        let number = Int(port.number)
        let index = firstIndex { $0.ports.upperBound >= number }
        guard index < runs.endIndex else { return positionCount }
        return runs[index].position(of: max(number, runs[index].ports.lowerBound))
    }

    /// The first run for which `isReached` holds, by binary search: it must hold for all runs after that one too.
    private func firstIndex(where isReached: (Run) -> Bool) -> Int {
        var (low, high) = (runs.startIndex, runs.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isReached(runs[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
