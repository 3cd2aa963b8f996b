import BerthCore
import BerthTestSupport

/// What ``FreeBlockIndex`` must answer, told as plainly as it can be: one flag a port, and every question a loop.
///
/// It reads the pool's ranges and excluded ports by itself, so that it also checks `Pool.runs`.
struct FreeBlockModel {
    /// From the pool's lowest port to its highest.
    let window: ClosedRange<Int>
    /// By port number: which range the port is in, -1 for none and for an excluded port.
    private var rangeOfPort = Array(repeating: -1, count: 65_536)
    private var isFreePort = Array(repeating: false, count: 65_536)

    init(pool: Pool) {
        for (index, range) in pool.ranges.enumerated() {
            for port in range.ports where !pool.excluded.contains(port) { rangeOfPort[Int(port.number)] = index }
        }
        let bounds = pool.ranges.flatMap { [$0.numbers.lowerBound, $0.numbers.upperBound] }
        window = (bounds.min() ?? 1)...(bounds.max() ?? 1)
    }

    mutating func insert(_ block: PortBlock) {
        for number in block.numbers where rangeOfPort[number] >= 0 { isFreePort[number] = true }
    }

    mutating func take(_ block: PortBlock) -> Bool {
        guard isFree(block) else { return false }
        for number in block.numbers { isFreePort[number] = false }
        return true
    }

    mutating func remove(_ port: Port) { isFreePort[Int(port.number)] = false }

    func isFree(_ block: PortBlock) -> Bool { isFree(block.numbers.lowerBound, block.count) }

    func isFreePort(_ number: Int) -> Bool { isFreePort[number] }

    func nextFit(count: Int, align: Int, from start: Port?) -> PortBlock? {
        let start = start.map { Int($0.number) } ?? window.lowerBound
        let above = window.filter { $0 >= start }
        let first = above.first { $0 % align == 0 && isFree($0, count) }
        return (first ?? window.first { $0 % align == 0 && isFree($0, count) }).map { .of($0, count) }
    }

    var freeCount: Int { window.count { isFreePort[$0] } }

    var largestRun: Int {
        var (longest, current) = (0, 0)
        for number in window {
            let goesOn = current > 0 && rangeOfPort[number] == rangeOfPort[number - 1]
            current = isFreePort[number] ? (goesOn ? current + 1 : 1) : 0
            longest = max(longest, current)
        }
        return longest
    }

    private func isFree(_ first: Int, _ count: Int) -> Bool {
        guard first + count - 1 <= window.upperBound else { return false }
        for number in first..<first + count {
            guard isFreePort[number], rangeOfPort[number] == rangeOfPort[first] else { return false }
        }
        return true
    }
}
