package import BerthAPI
package import BerthCore

extension TextTable {
    /// `berth list`.
    package static func leases(_ leases: [LeaseResource], now: Instant) -> TextTable {
        var table = TextTable(["ID", "SESSION", "NAME", "POOL", "PORTS", "STATE", "OWNER", "EXPIRES"], numeric: ["ID"])
        for lease in leases {
            let owner = lease.owner.map { $0.alive || lease.state != "active" ? "\($0.pid)" : "\($0.pid) (gone)" }
            table.add([
                Cell(String(lease.id)), Cell(lease.session), Cell(lease.name ?? "-"), Cell(lease.pool),
                Cell(lease.portsText), Cell(lease.state, .state(lease.state)), Cell(owner ?? "-"),
                Cell(lease.expiryText(now: now), lease.state == "active" ? .plain : .faint),
            ])
        }
        return table
    }

    /// `berth pools`.
    package static func pools(_ pools: [PoolResource]) -> TextTable {
        let numbers = ["SIZE", "FREE", "LEASED", "QUARANTINED", "FOREIGN", "LARGEST", "WAITING"]
        var table = TextTable(["POOL", "RANGES"] + numbers, numeric: Set(numbers))
        for pool in pools {
            let ranges = pool.ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }
            table.add([
                Cell(pool.name), Cell(ranges.joined(separator: ",")), Cell(String(pool.size)), Cell(String(pool.free)),
                Cell(String(pool.leased)), Cell(String(pool.quarantined)), Cell(String(pool.foreign)),
                Cell(String(pool.largestFreeBlock)), Cell(String(pool.waiting)),
            ])
        }
        return table
    }

    /// `berth sessions`.
    package static func sessions(_ sessions: [SessionResource], now: Instant) -> TextTable {
        var table = TextTable(
            ["SESSION", "STATE", "PRINCIPAL", "LEASES", "PORTS", "STARTED"], numeric: ["LEASES", "PORTS"])
        for session in sessions {
            table.add([
                Cell(session.name), Cell(session.state, .state(session.state)), Cell(session.principal),
                Cell(String(session.leases)), Cell(String(session.ports)),
                Cell(RelativeTime.text(session.createdAt, now: now)),
            ])
        }
        return table
    }
}

extension TerminalStyle.Look {
    /// How a lease's or a session's state looks.
    package static func state(_ state: String) -> TerminalStyle.Look {
        switch state {
        case "active": .good
        case "orphaned", "expired": .bad
        default: .faint
        }
    }
}
