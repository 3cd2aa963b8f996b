package import BerthCore
package import FoundationEssentials
import GRDB

/// What one audit record reports.
package struct AuditEntry: Hashable, Sendable {
    package var event: AuditEvent
    package var lease: LeaseID?
    package var session: SessionName?
    package var pool: PoolName?
    package var block: PortBlock?
    package var agent: AgentName?
    package var pid: Int32?
    /// Who did it.
    package var principal: Principal
    package var reason: String?
    package var requestID: String?
    /// Whose lease or session it is about; nil for what is nobody's.
    package var holder: Principal?
    /// What else the rows became.
    package var details = AuditDetails()

    package init(_ event: AuditEvent, principal: Principal, reason: String? = nil, requestID: String? = nil) {
        self.event = event
        self.principal = principal
        self.reason = reason
        self.requestID = requestID
    }
}

/// One record of the audit as it is kept.
package struct AuditRecord: Hashable, Sendable {
    package let seq: Int64
    package let at: Instant
    package let entry: AuditEntry
    /// The details as they are kept; nil when there are none.
    package let detailsText: String?
    package internal(set) var hash: Data

    init(seq: Int64, at: Instant, entry: AuditEntry, detailsText: String?, hash: Data) {
        self.seq = seq
        self.at = at
        self.entry = entry
        self.detailsText = detailsText
        self.hash = hash
    }

    /// What the hash covers, beside the hash before it: `seq`, `at` (milliseconds since 1970), `event`, `lease_id`,
    /// `session`, `pool`, `first_port`, `count`, `agent`, `pid`, `principal`, `reason` and `request_id`, each as `-` when
    /// it is null and as `<bytes>:<text>` when it is not, joined by commas; then, unless both are null, `holder` and
    /// `details` in the same way. Lengths stand in front, so no two records have one form.
    package var canonicalForm: [UInt8] {
        var form = CanonicalForm()
        form.add(seq)
        form.add(at.milliseconds)
        form.add(entry.event.rawValue)
        form.add(entry.lease?.number)
        form.add(entry.session?.rawValue)
        form.add(entry.pool?.rawValue)
        form.add((entry.block?.first.number).map(Int64.init))
        form.add((entry.block?.count).map(Int64.init))
        form.add(entry.agent?.rawValue)
        form.add(entry.pid.map(Int64.init))
        form.add(entry.principal.description)
        form.add(entry.reason)
        form.add(entry.requestID)
        if entry.holder != nil || detailsText != nil {
            form.add(entry.holder?.description)
            form.add(detailsText)
        }
        return form.bytes
    }
}

/// A canonical form while it is written: bytes from the start, since texts that are joined took
/// 2.5 times as many instructions.
private struct CanonicalForm {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    mutating func add(_ text: String?) {
        if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
        guard let text else { return bytes.append(UInt8(ascii: "-")) }
        bytes.append(text: String(text.utf8.count))
        bytes.append(UInt8(ascii: ":"))
        bytes.append(text: text)
    }

    mutating func add(_ number: Int64?) { add(number.map { String($0) }) }
}

extension AuditRecord {
    /// The columns that ``init(_:)`` reads.
    static let columns = """
        seq, at, event, lease_id, session, pool, first_port, count, agent, pid, principal, reason, request_id, holder,
        details, hash
        """

    /// A record as it lies in the database, with its details as text only; nil when it holds an event that this Berth
    /// does not know.
    init?(_ row: Row) throws {
        guard let event = AuditEvent(rawValue: row["event"]) else { return nil }
        var entry = AuditEntry(
            event, principal: try row.principal(), reason: row["reason"], requestID: row["request_id"])
        entry.lease = (row["lease_id"] as Int64?).map(LeaseID.init)
        entry.session = try row.checkedIfPresent("session")
        entry.pool = try row.checkedIfPresent("pool")
        if (row["first_port"] as Int64?) != nil || (row["count"] as Int64?) != nil { entry.block = try row.block() }
        entry.agent = try row.checkedIfPresent("agent")
        entry.pid = try row.integerIfPresent("pid")
        if (row["holder"] as String?) != nil { entry.holder = try row.principal("holder") }
        self.init(
            seq: row["seq"], at: Instant(milliseconds: row["at"]), entry: entry, detailsText: row["details"],
            hash: row["hash"])
    }
}
