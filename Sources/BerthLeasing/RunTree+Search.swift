extension RunTree {
    /// The lowest position, `position` or above, at which `count` free positions in a row begin, in O(log n).
    ///
    /// A run that begins below `position` counts from there on. The search first looks at the rest of the word that
    /// `position` lies in. From that leaf it climbs towards the root, and each time it comes up from a left child it
    /// looks at the neighbour to the right: these neighbours, in order, are all that lies to the right. Into the one
    /// that holds the run it descends.
    ///
    ///                  ○                  The search from the word ▲ looks at the word itself and then at the
    ///             ○         ●2            neighbours 1 and 2.
    ///           ○   ○     ○   ○
    ///               ...
    ///           ▲   ●1
    ///
    /// - Parameters:
    ///   - count: at least 1.
    ///   - position: at least 0; past the row's end nothing is found.
    func firstRun(of count: Int, from position: Int) -> Int? {
        let word = position / 64
        guard count <= longestRun, word < words.count else { return nil }
        let rest = words[word] & Self.mask(of: position..<(word + 1) * 64, inWord: word)
        let starts = rest.runStarts(of: count)
        if starts != 0 { return word * 64 + starts.trailingZeroBitCount }
        return firstRun(of: count, afterWord: word, openRun: rest.freeSuffix)
    }

    /// Climbs from the leaf of a word that has been looked at.
    ///
    /// - Parameter openRun: the length of the free run that what has been looked at ends with. It may go on.
    private func firstRun(of count: Int, afterWord word: Int, openRun: Int) -> Int? {
        var node = words.count + word
        var width = 64
        var seenEnd = (word + 1) * 64
        var openRun = openRun
        while node > 1 {
            if node.isMultiple(of: 2) {
                let next = nodes[node + 1]
                if openRun + next.prefix >= count { return seenEnd - openRun }
                if next.longest >= count { return firstRun(of: count, below: node + 1, start: seenEnd, width: width) }
                openRun = next.suffix == width ? openRun + width : next.suffix
                seenEnd += width
            }
            node /= 2
            width *= 2
        }
        return nil
    }

    /// Descends from a node that has a long enough run inside its `width` positions, which begin at `start`.
    private func firstRun(of count: Int, below node: Int, start: Int, width: Int) -> Int {
        var (node, start, width) = (node, start, width)
        while node < words.count {
            let (left, right) = (nodes[2 * node], nodes[2 * node + 1])
            width /= 2
            if left.longest >= count {
                node = 2 * node
            } else if left.suffix + right.prefix >= count {
                return start + width - left.suffix
            } else {
                node = 2 * node + 1
                start += width
            }
        }
        return start + words[node - words.count].runStarts(of: count).trailingZeroBitCount
    }
}
