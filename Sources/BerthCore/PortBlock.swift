/// Consecutive ports: at least one, and none past 65535.
///
/// A block is only ports. A claim on one is a ``Lease``; the ranges that a pool is made of are blocks too.
package struct PortBlock: Hashable, Sendable {
    /// The lowest port of the block.
    package let first: Port
    /// How many ports there are, 1…65535.
    package let count: Int

    /// Returns nil when `count` is below 1 or the block would run past 65535.
    package init?(first: Port, count: Int) {
        guard count >= 1, Int(first.number) + count - 1 <= Int(UInt16.max) else { return nil }
        self.first = first
        self.count = count
    }

    /// Returns nil when `last` is below `first`.
    package init?(first: Port, last: Port) {
        self.init(first: first, count: Int(last.number) - Int(first.number) + 1)
    }

    /// The block of this one port.
    package init(_ port: Port) {
        self.first = port
        self.count = 1
    }

    /// The first and the last port's numbers, for arithmetic and SQL.
    package var numbers: ClosedRange<Int> { Int(first.number)...(Int(first.number) + count - 1) }

    /// The highest port of the block.
    package var last: Port { port(at: count - 1) }

    /// Every port, ascending.
    package var ports: [Port] { (0..<count).map(port(at:)) }

    /// Whether `port` is one of the block's.
    package func contains(_ port: Port) -> Bool { numbers.contains(Int(port.number)) }

    /// Whether all of `other` lies inside this block.
    package func contains(_ other: PortBlock) -> Bool {
        numbers.lowerBound <= other.numbers.lowerBound && other.numbers.upperBound <= numbers.upperBound
    }

    /// Whether the two blocks have a port in common.
    package func overlaps(_ other: PortBlock) -> Bool { numbers.overlaps(other.numbers) }

    private func port(at offset: Int) -> Port {
        guard let port = Port(Int(first.number) + offset) else {
            preconditionFailure("offset \(offset) lies outside the block \(self)")
        }
        return port
    }
}

extension PortBlock: CustomStringConvertible {
    package var description: String { count == 1 ? "\(first)" : "\(first)-\(last)" }
}

extension PortBlock {
    /// Ascending ports as the fewest blocks that hold exactly them.
    package static func runs(of ports: [Port]) -> [PortBlock] {
        var runs: [PortBlock] = []
        for port in ports {
            if let last = runs.last, Int(last.last.number) + 1 == Int(port.number),
                let longer = PortBlock(first: last.first, count: last.count + 1)
            {
                runs[runs.count - 1] = longer
            } else {
                runs.append(PortBlock(port))
            }
        }
        return runs
    }
}
