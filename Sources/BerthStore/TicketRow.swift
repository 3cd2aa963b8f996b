import BerthCore
import GRDB

/// How tickets come out of the database.
struct TicketRow {
    let boots: BootRegistry

    func ticket(_ row: Row) throws -> Ticket {
        let wish = try TicketWish(text: row["wish"])
        return Ticket(
            id: TicketID(row["id"]), principal: try row.principal(),
            request: wish.request(
                session: try row.checked("session"), count: try row.integer("count"), pool: try row.checked("pool"),
                owner: try boots.process(row, prefix: "owner")),
            ttlMilliseconds: wish.ttlMilliseconds, maxPorts: wish.maxPorts, isAsync: try row.truth("is_async"),
            requestID: row["request_id"], hasKey: (row["key"] as String?) != nil,
            createdAt: Instant(milliseconds: row["created_at"]),
            deadline: BootTime(milliseconds: row["deadline_boot_ms"]),
            deadlineAt: Instant(milliseconds: row["deadline_at"]), turn: row["turn"], passed: row["passed"],
            state: try state(row))
    }

    private func state(_ row: Row) throws -> TicketState {
        let at = (row["ended_at"] as Int64?).map(Instant.init(milliseconds:))
        switch (row["state"] as String, at) {
        case ("waiting", _): return .waiting
        case ("granted", let at?):
            return .granted(LeaseID(row["lease_id"]), at: at, isRedeemed: (row["redeemed_at"] as Int64?) != nil)
        case ("cancelled", let at?): return .cancelled(at: at, reason: row["end_reason"])
        case ("lapsed", let at?):
            return .lapsed(ErrorCode(rawValue: row["end_code"]) ?? .internal, at: at, reason: row["end_reason"])
        default: throw BerthError(.internal, "The database holds a ticket in a state that Berth never writes.")
        }
    }
}

extension BootRegistry {
    /// A process in the five columns of its identity; nil where there is none.
    func process(_ row: Row, prefix: String) throws -> ProcessIdentity? {
        guard let pid = row["\(prefix)_pid"] as Int32? else { return nil }
        return ProcessIdentity(
            bootID: try boot(row["\(prefix)_boot"]),
            pidNamespace: UInt64(bitPattern: row["\(prefix)_namespace"]),
            pid: pid,
            startTicks: UInt64(bitPattern: row["\(prefix)_ticks"]),
            pidfsInode: (row["\(prefix)_inode"] as Int64?).map(UInt64.init(bitPattern:)))
    }
}
