/// Titles and values below each other, the values aligned: what a command tells about one thing.
package struct DetailLines: Sendable {
    private var lines: [(title: String, value: String, look: TerminalStyle.Look)] = []

    package init() {}

    /// Adds a line.
    package mutating func add(_ title: String, _ value: String, _ look: TerminalStyle.Look = .plain) {
        lines.append((title, value, look))
    }

    /// The lines, each with its newline.
    package func text(_ style: TerminalStyle) -> String {
        let width = lines.map(\.title.count).max() ?? 0
        return lines.map { line in
            let gap = String(repeating: " ", count: width - line.title.count + 2)
            return style.text(line.title, .title) + gap + style.text(line.value, line.look) + "\n"
        }.joined()
    }
}
