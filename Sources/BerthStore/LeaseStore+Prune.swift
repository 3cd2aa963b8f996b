package import BerthCore
import FoundationEssentials
import GRDB

/// What a pruning came to.
package struct Pruning: Hashable, Sendable {
    /// How many records went.
    package var count = 0
    /// The last one that went; nil when none did.
    package var cut: AuditChain?
    /// Where they are kept.
    package var archive: String?
}

/// Letting the beginning of the history go.
///
/// A walk along what is to go verifies it, writes it into an archive and builds the state at its end. One transaction
/// then records the cut, with that state, and `audit.pruned`. From there on history begins behind the cut: records, then
/// ended leases and sessions that nothing tells of any more, go in small transactions that let everybody else by. A
/// pruning that is interrupted there is carried on at the next start.
extension LeaseStore {
    /// How many records, or leases, go in one transaction: it bounds how long a grant waits behind it.
    static let prunedAtOnce = 64
    /// How many pages of 4 KiB go back to the disk in one transaction.
    private static let pagesAtOnce = 64

    /// Lets records of before an instant go, and what only they tell of.
    /// - Throws: `invalid-field`; `storage-unavailable` when the archive cannot be written, or the records are not whole.
    package func prune(before instant: Instant, _ context: ChangeContext) async throws(BerthError) -> Pruning {
        try await auditWork.run { () async throws(BerthError) in
            _ = try await carryOutCut()
            guard let range = try await recordsToPrune(before: instant) else { return Pruning() }
            var pruning = try await cut(range, reason: "records of before \(instant)", context)
            pruning.count = try await carryOutCut()
            return pruning
        }
    }

    /// Carries on a pruning that was interrupted.
    /// - Returns: how many records went.
    @discardableResult
    package func finishPruning() async throws(BerthError) -> Int {
        try await auditWork.run { () async throws(BerthError) in try await carryOutCut() }
    }

    /// The oldest record's number and instant; nil when there is none.
    package func oldestRecord() async throws(BerthError) -> (seq: Int64, at: Instant)? {
        try look { db in
            try Row.fetchOne(db.cachedStatement(sql: "SELECT seq, at FROM audit ORDER BY seq LIMIT 1"))
                .map { ($0["seq"], Instant(milliseconds: $0["at"])) }
        }
    }

    private func recordsToPrune(before instant: Instant) async throws(BerthError) -> ClosedRange<Int64>? {
        try await read { db in
            guard let first = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit"),
                let last = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit"),
                let end = try Int64.fetchOne(
                    db, sql: "SELECT max(seq) FROM audit WHERE seq < ?",
                    arguments: [try Self.firstRecord(db, notBefore: instant, last: last)])
            else { return nil }
            // Before the state that an older Berth's records go on from, there is none to begin with.
            return try end > AuditCut.last(db)?.seq ?? 0 ? first...end : nil
        }
    }

    // MARK: The cut

    /// Archives the records and records the cut behind them. They are still there afterwards.
    func cut(
        _ range: ClosedRange<Int64>, reason: String, _ context: ChangeContext
    ) async throws(BerthError) -> Pruning {
        do {
            let archive = try AuditArchive(folder: AuditArchive.folder(forDatabase: file.path))
            let cut = try await walk(range, into: archive)
            let path = try archive.publish(range)
            try await queue.submit(as: .background) { transaction in
                try cut.insert(transaction)
                var entry = context.entry(.auditPruned, reason: reason)
                entry.details.cut = cut.details(archive: path)
                try transaction.audit(entry)
            }
            let head = AuditChain(seq: cut.seq, at: Instant(milliseconds: cut.at), hash: cut.hash)
            return Pruning(cut: head, archive: path)
        } catch let fault as AuditVerifier.Fault {
            throw BerthError(
                .storageUnavailable,
                "The audit is not whole, so nothing was pruned: \(fault.says). Compare the database with a backup.")
        } catch {
            throw StorageFailure.describe(error)
        }
    }

    /// Verifies the records on their way into the archive, and builds the state at their end.
    private func walk(_ range: ClosedRange<Int64>, into archive: AuditArchive) async throws -> AuditCut {
        let boots = boots
        var verifier = try await walking { db in
            try AuditVerifier(db, boots, comparesRows: false, collectsKept: true)
        }
        var goesOn = true
        while goesOn {
            let walk = verifier
            let lines: [UInt8]
            (verifier, goesOn, lines) = try await walking { db in
                var (walk, lines) = (walk, [UInt8]())
                let goesOn = try walk.walk(db, limit: Self.verifiedAtOnce, through: range.upperBound) { record in
                    lines += record.json.utf8
                    lines.append(UInt8(ascii: "\n"))
                }
                return (walk, goesOn, lines)
            }
            try archive.write(lines)
        }
        let walked = verifier
        let state = try await walking { db in
            var walk = walked
            try walk.forgetUnreferred(db)
            return try walk.state.text()
        }
        guard let hash = walked.hash, walked.seq == range.upperBound else {
            throw AuditVerifier.Fault(seq: walked.seq, says: "it ends at record \(walked.seq)")
        }
        return AuditCut(seq: walked.seq, at: walked.at, hash: hash, state: state)
    }

    // MARK: What goes

    /// What is left to be done of a cut.
    private struct Remains: Sendable {
        var seq: Int64
        /// Ended leases whose rows stay.
        var kept: Set<Int64>
        /// Leases that earlier cuts kept, and nothing refers to any more.
        var unreferred: [Int64]
    }

    /// Takes away what lies before the last cut.
    /// - Returns: how many records went.
    private func carryOutCut() async throws(BerthError) -> Int {
        guard let remains = try await remains() else { return 0 }
        var unreferred = remains.unreferred[...]
        while !unreferred.isEmpty {
            let some = unreferred.prefix(Self.prunedAtOnce)
            unreferred = unreferred.dropFirst(some.count)
            try await queue.submit(as: .housekeeping) { transaction in
                for id in some { try transaction.removeLease(id) }
            }
        }
        try await queue.submit(as: .housekeeping) { transaction in
            try transaction.execute("DELETE FROM audit_cuts WHERE seq < ?", [remains.seq])
        }
        var (count, isLast) = (0, false)
        while !isLast {
            let removed = try await queue.submit(as: .housekeeping) { transaction in
                try transaction.removeRecords(through: remains.seq, limit: Self.prunedAtOnce, keeping: remains.kept)
            }
            count += removed
            isLast = removed == 0
        }
        while try await queue.submit(as: .housekeeping, { try $0.giveBack(pages: Self.pagesAtOnce) }) {}
        queue.checkpointSoon()
        return count
    }

    /// Nil when nothing is left to be done. The state that an older Berth's records go on from is no cut that was asked
    /// for: what lies before it stays.
    private func remains() async throws(BerthError) -> Remains? {
        try await read { db in
            guard let cut = try AuditCut.last(db),
                try Bool.fetchOne(
                    db, sql: "SELECT EXISTS (SELECT 1 FROM audit WHERE event = 'audit.pruned' AND seq > ?)",
                    arguments: [cut.seq]) == true
            else { return nil }
            let earlier = try String.fetchAll(
                db, sql: "SELECT state FROM audit_cuts WHERE seq < ?", arguments: [cut.seq])
            let hasRecords = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit").map { $0 <= cut.seq } ?? false
            guard hasRecords || !earlier.isEmpty else { return nil }
            let kept = Set(try LedgerState(text: cut.state).kept.keys)
            let former = Set(try earlier.flatMap { try LedgerState(text: $0).kept.keys })
            return Remains(seq: cut.seq, kept: kept, unreferred: former.subtracting(kept).sorted())
        }
    }
}

extension WriteTransaction {
    /// Takes away the oldest records up to one, and the leases that only they told of.
    /// - Returns: how many records went.
    func removeRecords(through end: Int64, limit: Int, keeping kept: Set<Int64>) throws -> Int {
        guard let oldest: Int64 = try row("SELECT min(seq) AS seq FROM audit")?["seq"], oldest <= end else { return 0 }
        let removed = try rows(
            """
            DELETE FROM audit WHERE seq <= ?
            RETURNING lease_id, CASE event WHEN 'session.ended' THEN json_extract(details, '$.session_id') END AS session
            """, [min(end, oldest + Int64(limit) - 1)])
        let leases = Set(removed.compactMap { $0["lease_id"] as Int64? }).subtracting(kept)
        for id in leases.sorted() { try removeLease(id) }
        // One that slept to its end has a record of its own, and perhaps no lease any more.
        for id in removed.compactMap({ $0["session"] as Int64? }) { try removeSession(id) }
        try removeTickets(limit: limit)
        try removeTokens(limit: limit)
        return removed.count
    }

    /// Takes away ended tickets that no record tells of any more and no stored outcome needs.
    private func removeTickets(limit: Int) throws {
        try execute(
            """
            DELETE FROM tickets WHERE id IN (
                SELECT id FROM tickets
                WHERE last_seq < (SELECT min(seq) FROM audit)
                    AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE ticket_id = tickets.id)
                    AND NOT EXISTS (SELECT 1 FROM leases WHERE leases.id = lease_id AND leases.state = 'active')
                ORDER BY last_seq LIMIT ?)
            """, [limit])
    }

    /// Takes away an ended lease that no record tells of and no stored outcome needs, with its agents, and its session
    /// with its last lease. Whoever comes back after so long has no claim to the same ports any more.
    fileprivate func removeLease(_ id: Int64) throws {
        let lease = try row(
            """
            SELECT session_id FROM leases
            WHERE id = ?1 AND state <> 'active' AND NOT EXISTS (SELECT 1 FROM audit WHERE lease_id = ?1)
                AND NOT EXISTS (SELECT 1 FROM idempotency_keys WHERE lease_id = ?1)
            """, [id])
        guard let session: Int64 = lease?["session_id"] else { return }
        try execute(
            """
            DELETE FROM held_blocks WHERE (principal, session, name, pool, count, first_port) = (
                SELECT leases.principal, sessions.name, COALESCE(leases.name, ''), pool, count, first_port
                FROM leases JOIN sessions ON sessions.id = session_id WHERE leases.id = ?1) AND last_lease_id = ?1
            """, [id])
        try execute("DELETE FROM agents WHERE lease_id = ?", [id])
        try execute("DELETE FROM leases WHERE id = ?", [id])
        try removeSession(session)
    }

    /// Takes away an ended session that has no lease any more and that no record tells of by its row.
    private func removeSession(_ id: Int64) throws {
        try execute(
            """
            DELETE FROM sessions
            WHERE id = ?1 AND state = 'ended' AND NOT EXISTS (SELECT 1 FROM leases WHERE session_id = ?1)
                AND NOT EXISTS (
                    SELECT 1 FROM audit
                    WHERE session = sessions.name AND event = 'session.ended'
                        AND json_extract(details, '$.session_id') = ?1)
            """, [id])
    }

    /// Gives free pages back to the disk.
    /// - Returns: whether there are more.
    fileprivate func giveBack(pages: Int) throws -> Bool {
        func free() throws -> Int { try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 }
        let before = try free()
        guard before > 0 else { return false }
        _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(pages))")
        let after = try free()
        return after > 0 && after < before
    }
}
