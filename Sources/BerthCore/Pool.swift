/// A named set of ports that blocks are leased from, as configured.
package struct Pool: Hashable, Sendable {
    package let name: PoolName
    /// Ascending, and no two overlap. A block never crosses from one range into the next.
    package let ranges: [PortBlock]
    /// Ports of the ranges that are never granted.
    package let excluded: Set<Port>
    /// The largest block that may be asked for.
    package let maxBlock: Int
    /// The TTL of a lease that names neither a TTL nor an owner.
    package let defaultTTLSeconds: Int64
    /// How long ports of an expired or orphaned lease stay away at least.
    package let quarantineSeconds: Double
    /// In which order its line is served.
    package let queue: QueuePolicy
    /// The ranges, cut at the excluded ports: a block lies inside one of these.
    package let runs: [PortBlock]

    package init(
        name: PoolName, ranges: [PortBlock], excluded: Set<Port> = [], maxBlock: Int = 256,
        defaultTTLSeconds: Int64 = 3600, quarantineSeconds: Double = 2, queue: QueuePolicy = .fifo
    ) {
        self.name = name
        self.ranges = ranges.sorted { $0.first < $1.first }
        self.excluded = excluded
        self.maxBlock = maxBlock
        self.defaultTTLSeconds = defaultTTLSeconds
        self.quarantineSeconds = quarantineSeconds
        self.queue = queue
        self.runs = Self.runs(of: self.ranges, without: excluded)
    }

    /// Every port that the pool may grant, ascending.
    package var ports: [Port] { runs.flatMap(\.ports) }

    /// Whether the pool could grant such a block if all of it were free; `align` divides the first port.
    package func canEverHold(count: Int, align: Int) -> Bool {
        runs.contains { run in
            let aligned = (run.numbers.lowerBound + align - 1) / align * align
            return aligned + count - 1 <= run.numbers.upperBound
        }
    }

    private static func runs(of ranges: [PortBlock], without excluded: Set<Port>) -> [PortBlock] {
        ranges.flatMap { range in
            range.ports.split(whereSeparator: excluded.contains).compactMap { run in
                run.first.flatMap { PortBlock(first: $0, count: run.count) }
            }
        }
    }
}
