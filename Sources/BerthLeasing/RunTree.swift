/// A row of positions, each free or taken, that finds runs of free ones without looking at every position.
///
/// The row is a bitmap, 64 positions to a word, and over the words stands a segment tree. Each node summarises the
/// stretch below it, so a search passes over a stretch without a long enough run at the price of one look:
///
///                            1                     the whole row
///                  2                   3           its halves
///             4         5         6         7      a leaf for each word
///          words[0]  words[1]  words[2]  words[3]
///
/// The nodes lie in one array as in a heap: node *k* has the children 2*k* and 2*k* + 1. An even number is therefore a
/// left child, and *k* + 1 its right neighbour. Words past the row's end fill the tree up; they are taken for good.
///
/// Taking or freeing *k* positions costs O(log n + k / 64), and so does asking for their state, without the log n.
struct RunTree: Sendable {
    /// Bit `p % 64` of word `p / 64` is set when position `p` is free. The number of words is a power of two.
    private(set) var words: [UInt64]

    /// The root is node 1, the leaf of word `w` is node `words.count + w`, and node 0 is unused.
    private(set) var nodes: [RunSummary]

    /// How many positions are free.
    private(set) var freeCount = 0

    /// The length of the longest free run.
    var longestRun: Int { nodes[1].longest }

    /// A row in which every position is taken.
    init(positionCount: Int) {
        var wordCount = 1
        while wordCount * 64 < positionCount { wordCount *= 2 }
        words = Array(repeating: 0, count: wordCount)
        nodes = Array(repeating: RunSummary(of: 0), count: 2 * wordCount)
    }

    /// Makes the positions free, of which there must be at least one.
    mutating func free(_ positions: Range<Int>) { change(positions) { word, mask in word | mask } }

    /// Makes the positions taken, of which there must be at least one.
    mutating func take(_ positions: Range<Int>) { change(positions) { word, mask in word & ~mask } }

    /// The highest of the positions that is taken; nil when all of them are free.
    func lastTaken(in positions: Range<Int>) -> Int? {
        for word in Self.words(of: positions).reversed() {
            let taken = ~words[word] & Self.mask(of: positions, inWord: word)
            if taken != 0 { return word * 64 + 63 - taken.leadingZeroBitCount }
        }
        return nil
    }

    private mutating func change(_ positions: Range<Int>, to changed: (_ word: UInt64, _ mask: UInt64) -> UInt64) {
        let touched = Self.words(of: positions)
        for word in touched {
            let old = words[word]
            let new = changed(old, Self.mask(of: positions, inWord: word))
            words[word] = new
            freeCount += new.nonzeroBitCount - old.nonzeroBitCount
            nodes[words.count + word] = RunSummary(of: new)
        }
        summarize(above: touched)
    }

    /// Makes every node over the words true again, level by level from the leaves to the root.
    private mutating func summarize(above touched: ClosedRange<Int>) {
        var first = words.count + touched.lowerBound
        var last = words.count + touched.upperBound
        var width = 64
        while first > 1 {
            first /= 2
            last /= 2
            for node in first...last {
                nodes[node] = RunSummary(joining: nodes[2 * node], nodes[2 * node + 1], width: width)
            }
            width *= 2
        }
    }

    /// The words that hold the positions.
    private static func words(of positions: Range<Int>) -> ClosedRange<Int> {
        positions.lowerBound / 64...(positions.upperBound - 1) / 64
    }

    /// The bits of the word that stand for some of the positions, which must meet the word.
    static func mask(of positions: Range<Int>, inWord word: Int) -> UInt64 {
        let bits = positions.clamped(to: word * 64..<word * 64 + 64)
        return (UInt64.max >> (64 - bits.count)) << (bits.lowerBound - word * 64)
    }
}
