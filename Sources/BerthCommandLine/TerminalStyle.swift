/// Colours, or none.
package struct TerminalStyle: Sendable {
    /// What a text is, which decides how it looks.
    package enum Look: Sendable {
        case plain, title, good, faint, bad
    }

    private let isColoured: Bool

    /// Coloured on a terminal alone, and never with `NO_COLOR` (https://no-color.org: set and not empty) or on a
    /// terminal that calls itself dumb.
    package init(isTerminal: Bool, environment: [String: String]) {
        let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isColoured = isTerminal && !isRefused && environment["TERM"] != "dumb"
    }

    /// The text in SGR sequences (ECMA-48, 8.3.117), or as it is.
    package func text(_ text: String, _ look: Look) -> String {
        guard isColoured, let code = code(look) else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private func code(_ look: Look) -> Int? {
        switch look {
        case .plain: nil
        case .title: 1
        case .good: 32
        case .faint: 2
        case .bad: 31
        }
    }
}
