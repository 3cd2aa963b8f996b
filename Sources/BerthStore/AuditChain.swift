package import BerthCore
import Crypto
package import FoundationEssentials

/// The head of the audit's hash chain, and how the next record is made from it.
///
/// The hash of a record is SHA-256 over the 32 bytes of the record before it (zeros before the first) and the record's
/// canonical form: its members in the order of ``AuditRecord/canonicalForm``, each as `-` when it is null and as
/// `<bytes>:<text>` when it is not, joined by commas. Lengths stand in front, so no two records have one form.
package struct AuditChain: Hashable, Sendable {
    /// The last record's sequence number; 0 before the first.
    package private(set) var seq: Int64
    /// The last record's instant: later ones are never earlier, even when the wall clock steps back.
    package private(set) var at: Instant
    package private(set) var hash: Data

    package init(seq: Int64 = 0, at: Instant = Instant(milliseconds: .min), hash: Data = Data(repeating: 0, count: 32))
    {
        self.seq = seq
        self.at = at
        self.hash = hash
    }

    /// Makes the entry the chain's new head and returns it with its number, instant and hash.
    package mutating func append(_ entry: AuditEntry, now: Instant) -> AuditRecord {
        seq += 1
        at = max(at, now)
        var record = AuditRecord(seq: seq, at: at, entry: entry, hash: Data())
        record.hash = Self.hash(of: record, after: hash)
        hash = record.hash
        return record
    }

    /// The hash that `record` must have behind a record with the hash `previous`.
    package static func hash(of record: AuditRecord, after previous: Data) -> Data {
        var hasher = SHA256()
        hasher.update(data: previous)
        hasher.update(data: Data(record.canonicalForm.utf8))
        return Data(hasher.finalize())
    }
}

/// What one audit record reports.
package struct AuditEntry: Hashable, Sendable {
    package var event: AuditEvent
    package var lease: LeaseID?
    package var session: SessionName?
    package var pool: PoolName?
    package var block: PortBlock?
    package var agent: AgentName?
    package var pid: Int32?
    package var principal: Principal
    package var reason: String?
    package var requestID: String?

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
    package internal(set) var hash: Data

    /// What the hash covers, beside the hash before it.
    package var canonicalForm: String {
        let members: [String?] = [
            String(seq), String(at.milliseconds), entry.event.rawValue, entry.lease?.description,
            entry.session?.rawValue, entry.pool?.rawValue, entry.block.map { String($0.first.number) },
            entry.block.map { String($0.count) }, entry.agent?.rawValue, entry.pid.map { String($0) },
            entry.principal.description, entry.reason, entry.requestID,
        ]
        return members.map { text in text.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: ",")
    }
}
