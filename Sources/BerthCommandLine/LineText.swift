package import BerthAPI
package import BerthCore

extension TextTable {
    /// `berth queue`.
    package static func tickets(_ tickets: [TicketResource], now: Instant) -> TextTable {
        let numbers = ["TICKET", "PLACE", "COUNT"]
        var table = TextTable(
            ["TICKET", "PLACE", "SESSION", "COUNT", "POOL", "WAITS FOR", "SINCE", "ESTIMATE", "UNTIL"],
            numeric: Set(numbers))
        for ticket in tickets {
            table.add([
                Cell(String(ticket.id)), Cell(ticket.position.map { String($0) } ?? "-"), Cell(ticket.session),
                Cell(String(ticket.count)), Cell(ticket.pool), Cell(ticket.gate == "session" ? "a session" : "ports"),
                Cell(RelativeTime.text(ticket.createdAt, now: now)), Cell(ticket.estimateText),
                Cell(RelativeTime.text(ticket.deadline, now: now), .faint),
            ])
        }
        return table
    }
}

extension TicketResource {
    /// `~2m (1m-4m)`; `-` where there is no guess.
    package var estimateText: String {
        guard let seconds = estimateSeconds else { return "-" }
        let guess = "~\(DurationText.brief(seconds: Int64(seconds.rounded())))"
        guard let range = estimateRange else { return guess }
        let bounds = [range.atLeast, range.atMost].map { DurationText.brief(seconds: Int64($0.rounded())) }
        return "\(guess) (\(bounds[0])-\(bounds[1]))"
    }

    /// What somebody who waits reads on a terminal.
    package var placeText: String {
        let place = position.map { $0 == 1 ? "next in line" : "number \($0) in line" } ?? "in line"
        let purpose = gate == "session" ? "for a session" : "for \(count) \(count == 1 ? "port" : "ports")"
        let guess = estimateSeconds == nil ? "" : ", about \(estimateText.dropFirst())"
        return "Waiting \(purpose): \(place)\(guess). Ctrl-C leaves."
    }
}
