package import BerthCore
import Crypto
package import FoundationEssentials

/// The head of the audit's hash chain, and how the next record is made from it.
///
/// The hash of a record is SHA-256 over the 32 bytes of the record before it (zeros before the first) and the record's
/// canonical form; see ``AuditRecord/canonicalForm``.
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
        var entry = entry
        if now < at { entry.details.wall = now.milliseconds }
        var record = AuditRecord(
            seq: seq, at: at, entry: entry, detailsText: entry.details.text, hash: Data())
        record.hash = Self.hash(of: record, after: hash)
        hash = record.hash
        return record
    }

    /// Lets the numbers go on further up.
    mutating func jump(by distance: Int64) { seq += distance }

    /// The hash that `record` must have behind a record with the hash `previous`.
    package static func hash(of record: AuditRecord, after previous: Data) -> Data {
        var hasher = SHA256()
        hasher.update(data: previous)
        hasher.update(data: record.canonicalForm)
        return Data(hasher.finalize())
    }
}
