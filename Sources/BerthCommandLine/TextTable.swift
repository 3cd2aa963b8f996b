/// A table for a terminal: columns as wide as their widest cell, two blanks between.
package struct TextTable: Sendable {
    /// A cell's text and how it looks; the look takes no room.
    package struct Cell: Sendable {
        package var text: String
        package var look: TerminalStyle.Look

        package init(_ text: String, _ look: TerminalStyle.Look = .plain) {
            self.text = text
            self.look = look
        }
    }

    private let columns: [String]
    private let numeric: Set<Int>
    private var rows: [[Cell]] = []

    /// - Parameter numeric: the titles of columns whose cells stand to the right.
    package init(_ columns: [String], numeric: Set<String> = []) {
        self.columns = columns
        self.numeric = Set(columns.indices.filter { numeric.contains(columns[$0]) })
    }

    /// Adds a row; it has a cell for each column.
    package mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The lines, the title's first, each with its newline.
    package func text(_ style: TerminalStyle) -> String {
        let lines = [columns.map { Cell($0, .title) }] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].text.count }.max() ?? 0 }
        return lines.map { cells in line(cells, widths, style) + "\n" }.joined()
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: TerminalStyle) -> String {
        let parts = cells.indices.map { column in
            let cell = cells[column]
            let gap = String(repeating: " ", count: widths[column] - cell.text.count)
            let text = style.text(cell.text, cell.look)
            if numeric.contains(column) { return gap + text }
            // The last column needs no padding: trailing blanks get in the way of copying.
            return column == cells.count - 1 ? text : text + gap
        }
        return parts.joined(separator: "  ")
    }
}
