package import BerthAPI
package import BerthCore

extension TextTable {
    /// `berth token list`.
    package static func tokens(_ tokens: [TokenResource], now: Instant) -> TextTable {
        var table = TextTable(
            ["TOKEN", "STATE", "PORTS", "PIDS", "CREATED", "BY", "EXPIRES"], numeric: ["PORTS"])
        for token in tokens {
            table.add([
                Cell(token.name), Cell(token.state, .state(token.state)),
                Cell(token.maxPorts.map { String($0) } ?? "any"), Cell(token.allowsPIDs ? "yes" : "no"),
                Cell(RelativeTime.text(token.createdAt, now: now)), Cell(token.createdBy),
                Cell(token.expiresAt.map { RelativeTime.text($0, now: now) } ?? "never", .faint),
            ])
        }
        return table
    }
}
