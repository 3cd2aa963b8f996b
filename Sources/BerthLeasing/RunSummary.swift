/// What a node of a ``RunTree`` knows of its stretch of positions: enough to find runs that pass over its borders.
///
///     ■■■□□■□■■■■■□■■      ■ free   □ taken
///     ╰┬╯    ╰─┬─╯ ╰┤
///   prefix  longest suffix
///
/// A stretch that is free throughout is its own prefix, suffix and longest run.
struct RunSummary: Sendable {
    /// The length of the free run that the stretch begins with.
    let prefix: Int
    /// The length of the free run that the stretch ends with.
    let suffix: Int
    /// The length of the longest free run in the stretch.
    let longest: Int

    /// The summary of 64 positions: the lowest bit is the first position, and a set bit is a free one.
    init(of word: UInt64) {
        prefix = word.freePrefix
        suffix = word.freeSuffix
        longest = word.longestRun
    }

    /// The summary of two neighbours of `width` positions each.
    init(joining left: RunSummary, _ right: RunSummary, width: Int) {
        prefix = left.prefix == width ? width + right.prefix : left.prefix
        suffix = right.suffix == width ? left.suffix + width : right.suffix
        longest = max(left.longest, right.longest, left.suffix + right.prefix)
    }
}

extension UInt64 {
    /// How many set bits there are below the lowest clear one.
    var freePrefix: Int { (~self).trailingZeroBitCount }

    /// How many set bits there are above the highest clear one.
    var freeSuffix: Int { (~self).leadingZeroBitCount }

    /// How many bits the longest run of set bits has.
    var longestRun: Int {
        guard self != .max else { return 64 }
        var length = 0
        var rest = self
        // Each turn takes the highest bit off every run, so the longest is gone after as many turns as it has bits.
        while rest != 0 {
            rest &= rest >> 1
            length += 1
        }
        return length
    }

    /// The bits at which `count` set bits in a row begin, `count` being at least 1.
    func runStarts(of count: Int) -> UInt64 {
        guard count <= 64 else { return 0 }
        var starts = self
        var length = 1
        // A run of 2k bits is a run of k bits with another one right above it.
        while length < count {
            let step = Swift.min(length, count - length)
            starts &= starts >> step
            length += step
        }
        return starts
    }
}
