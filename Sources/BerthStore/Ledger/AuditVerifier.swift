import BerthCore
import FoundationEssentials
import GRDB

/// A walk along the audit: each record follows from the one before it, and the rows are what the records say.
///
/// The walk goes piece by piece, each in a read transaction of its own, so that a long one keeps no old pages alive.
/// Records never change, and neither does the row of a lease that has ended; what lives is compared in the last piece.
struct AuditVerifier: Sendable {
    /// What is wrong, and with which record.
    struct Fault: Error {
        let seq: Int64?
        let says: String
    }

    private let boots: BootRegistry
    private let cut: AuditCut?
    /// The first record that was there when the walk began; 1 when nothing was ever cut off.
    private let first: Int64
    /// The last record that was walked.
    private(set) var seq: Int64
    private(set) var at = Int64.min
    /// Nil before the first record, where what came before it is being deleted.
    private(set) var hash: Data?
    private(set) var checked = 0
    private(set) var state = LedgerState()
    /// Whether a record told of the cut.
    private var isCutTold: Bool
    /// Whether rows are compared with the records.
    private let comparesRows: Bool
    /// The leases that ports were in last, when what outlives its records is collected; else nil.
    private let lastLeases: Set<Int64>?
    /// Sessions of ended leases that are kept.
    private var sessionsToKeep: Set<Int64> = []

    /// - Parameter collectsKept: whether ended leases that something refers to are collected in the state.
    init(_ db: Database, _ boots: BootRegistry, comparesRows: Bool, collectsKept: Bool = false) throws {
        self.boots = boots
        self.comparesRows = comparesRows
        lastLeases =
            collectsKept
            ? try Int64.fetchSet(db, sql: "SELECT last_lease_id FROM ports WHERE last_lease_id IS NOT NULL") : nil
        cut = try AuditCut.last(db)
        first = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM audit") ?? 1
        seq = first - 1
        isCutTold = cut == nil
        if first == 1 {
            hash = Data(repeating: 0, count: 32)
        } else if let cut, first == cut.seq + 1 {
            hash = cut.hash
        } else if let cut, first <= cut.seq {
            // Records below the cut are being deleted; the cut's own hash holds the other end of the chain.
            hash = nil
        } else {
            throw Fault(seq: first, says: "the records before \(first) were removed")
        }
        guard let cut else { return }
        guard cut.isUndamaged else { throw Fault(seq: nil, says: "the state at the cut \(cut.seq) was changed") }
        if cut.seq < first { try goOn(from: cut) }
    }

    private mutating func goOn(from cut: AuditCut) throws {
        state = try LedgerState(text: cut.state)
        sessionsToKeep = Set(state.kept.values.map(\.session))
    }

    /// Walks on, at most `limit` records and not beyond `end`.
    /// - Returns: whether there may be more.
    mutating func walk(
        _ db: Database, limit: Int, through end: Int64 = .max, each: (AuditRecord) -> Void = { _ in }
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT \(AuditRecord.columns) FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?")
        let rows = try Row.fetchCursor(statement, arguments: [seq, end, limit])
        var walked = 0
        while let row = try rows.next() {
            each(try step(row, db))
            walked += 1
        }
        return walked == limit
    }

    private mutating func step(_ row: Row, _ db: Database) throws -> AuditRecord {
        let number: Int64 = row["seq"]
        guard let record = try? AuditRecord(row) else {
            throw Fault(seq: number, says: "record \(number) holds what Berth never writes")
        }
        guard number == seq + 1 || record.entry.event == .daemonRestored else {
            throw Fault(seq: number, says: "records between \(seq) and \(number) were removed")
        }
        guard record.at.milliseconds >= at else {
            throw Fault(seq: number, says: "record \(number) is earlier than the one before it")
        }
        if let hash, AuditChain.hash(of: record, after: hash) != record.hash {
            throw Fault(
                seq: number, says: "record \(number) does not follow from the one before it: one of them was changed")
        }
        (seq, at, hash) = (number, record.at.milliseconds, record.hash)
        checked += 1
        guard number >= first, number > cut?.seq ?? 0 else {
            if let cut, number == cut.seq {
                guard record.hash == cut.hash else {
                    throw Fault(seq: number, says: "record \(number) is not the one that the cut was made at")
                }
                try goOn(from: cut)
            }
            return record
        }
        try replay(record, db)
        return record
    }

    private mutating func replay(_ record: AuditRecord, _ db: Database) throws {
        let ended: LedgerState.Ended?
        do {
            ended = try state.apply(record)
        } catch let misfit as LedgerState.Misfit {
            throw Fault(seq: record.seq, says: "record \(record.seq) does not fit the ones before it: \(misfit.says)")
        } catch is DecodingError {
            throw Fault(seq: record.seq, says: "record \(record.seq) has details that Berth never writes")
        }
        if let cut, record.entry.event == .auditPruned || (record.entry.event == .daemonStarted && first == 1),
            let told = try AuditDetails(text: record.detailsText).cut,
            told.seq == cut.seq, told.hash == cut.hash.hexadecimal, told.digest == cut.digest.hexadecimal
        {
            isCutTold = true
        }
        switch ended {
        case .lease(let lease, let unheard)?:
            if let unheard { try compare(unheard, with: record, db) }
            if try isReferred(lease.id, db) {
                state.kept[lease.id] = lease
                sessionsToKeep.insert(lease.session)
            }
            guard comparesRows, try LedgerState.Lease.fetch(lease.id, db, boots) != lease else { return }
            throw Fault(seq: record.seq, says: "the row of lease \(lease.id) is not what record \(record.seq) made it")
        case .session(let session)?:
            if sessionsToKeep.contains(session.id) {
                state.keptSessions = (state.keptSessions ?? [:]).merging([session.id: session]) { $1 }
            }
            guard comparesRows, try LedgerState.Session.fetch(session.id, db, boots) != session else { return }
            throw Fault(
                seq: record.seq, says: "the row of session \(session.name) is not what record \(record.seq) made it")
        case .ticket(let ticket)?:
            try compare(ticket, with: record, db)
        case .token(let token)?:
            guard comparesRows, try LedgerState.Token.fetch(token.id, db) != token else { return }
            throw Fault(
                seq: record.seq, says: "the row of token \(token.name) is not what record \(record.seq) made it")
        case nil: return
        }
    }

    private func compare(_ ticket: LedgerState.Ticket, with record: AuditRecord, _ db: Database) throws {
        guard comparesRows, try LedgerState.Ticket.fetch(ticket.id, db, boots) != ticket else { return }
        throw Fault(
            seq: record.seq, says: "the row of ticket \(ticket.id) is not what record \(record.seq) made it")
    }

    /// Whether something refers to an ended lease, so that its row outlives its records. What it is, only becomes less:
    /// nothing new comes to refer to a lease that has ended.
    private func isReferred(_ lease: Int64, _ db: Database) throws -> Bool {
        guard let lastLeases else { return false }
        if lastLeases.contains(lease) { return true }
        let look = try db.cachedStatement(sql: "SELECT 1 FROM idempotency_keys WHERE lease_id = ?")
        return try Int.fetchOne(look, arguments: [lease]) != nil
    }

    /// Forgets leases of earlier cuts that nothing refers to any more.
    mutating func forgetUnreferred(_ db: Database) throws {
        for id in Array(state.kept.keys) where try !isReferred(id, db) { state.kept[id] = nil }
        let sessions = Set(state.kept.values.map(\.session))
        state.keptSessions = state.keptSessions?.filter { sessions.contains($0.key) }
    }

    /// Compares what lives with the rows, once everything up to the last record has been walked in this transaction.
    func compare(_ db: Database) throws {
        guard isCutTold else {
            throw Fault(seq: nil, says: "no record tells of the cut at \(cut?.seq ?? 0)")
        }
        let rows = try LedgerState(db, boots)
        if let difference = state.difference(from: rows) {
            throw Fault(seq: try lastRecord(of: difference.lease, db), says: difference.says)
        }
        for (id, lease) in state.kept where try LedgerState.Lease.fetch(id, db, boots) ?? lease != lease {
            throw Fault(seq: nil, says: "the row of lease \(id) is not what it was at the cut")
        }
        for (id, session) in state.keptSessions ?? [:]
        where try LedgerState.Session.fetch(id, db, boots) ?? session != session {
            throw Fault(seq: nil, says: "the row of session \(session.name) is not what it was at the cut")
        }
        let untold = try Int64.fetchAll(
            db,
            sql: """
                SELECT id FROM leases WHERE NOT EXISTS (SELECT 1 FROM audit WHERE lease_id = leases.id)
                    AND state <> 'active'
                """)
        // While a cut is carried out, rows whose records are gone already wait for their turn.
        if first > cut?.seq ?? 0, let id = untold.first(where: { state.kept[$0] == nil }) {
            throw Fault(seq: nil, says: "no record tells of lease \(id)")
        }
        if let untold = try rowWithoutRecord(in: "tickets", "event GLOB 'ticket.*'", naming: "$.ticket.id", db) {
            throw Fault(seq: nil, says: "no record tells of ticket \(untold)")
        }
        if let untold = try rowWithoutRecord(in: "tokens", "event = 'token.revoked'", naming: "$.token.id", db) {
            throw Fault(seq: nil, says: "no record tells of the revocation of token \(untold)")
        }
        let empty = try String.fetchOne(
            db,
            sql: """
                SELECT name FROM sessions
                WHERE state = 'ended' AND NOT EXISTS (SELECT 1 FROM leases WHERE session_id = sessions.id)
                    AND NOT EXISTS (
                        SELECT 1 FROM audit
                        WHERE session = sessions.name AND event = 'session.ended'
                            AND json_extract(details, '$.session_id') = sessions.id)
                """)
        if first > cut?.seq ?? 0, let empty { throw Fault(seq: nil, says: "no record tells of session \(empty)") }
    }

    /// A row whose last record, by its `last_seq`, is not there, or is another's; nil when there is none.
    private func rowWithoutRecord(
        in table: String, _ condition: String, naming path: String, _ db: Database
    ) throws -> Int64? {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT id FROM \(table)
                WHERE last_seq > ? AND NOT EXISTS (
                    SELECT 1 FROM audit
                    WHERE seq = last_seq AND \(condition) AND json_extract(details, ?) = \(table).id)
                LIMIT 1
                """, arguments: [cut?.seq ?? 0, path])
    }

    private func lastRecord(of lease: Int64?, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT seq FROM audit WHERE lease_id = ? ORDER BY seq DESC LIMIT 1", arguments: [lease])
    }
}
