package import BerthCore
package import GRDB

/// What one change sees of the write transaction that it is part of.
///
/// It lives on the writing connection's queue only, for the length of one change.
package final class WriteTransaction {
    package let db: Database
    /// Read once for the change; nothing in it reads a clock again.
    package let now: Moment
    /// The chain as this change leaves it.
    package private(set) var chain: AuditChain
    /// What it did to the leases so far, in order.
    private(set) var leaseChanges: [LeaseChange] = []
    private var closing: (() throws -> Void)?

    init(db: Database, now: Moment, chain: AuditChain) {
        self.db = db
        self.now = now
        self.chain = chain
    }

    /// Notes what was done to a lease, for whoever follows the commits.
    func follow(_ change: LeaseChange) { leaseChanges.append(change) }

    /// Runs `body` at the end of the change, once, however many ask for it: what follows from all that the change did.
    func atClose(_ body: @escaping () throws -> Void) { closing = closing ?? body }

    /// Does what was left for the end of the change.
    func close() throws {
        guard let body = closing else { return }
        closing = nil
        try body()
    }

    /// Runs a statement that is compiled once for the connection.
    func execute(_ sql: String, _ values: StatementValues = []) throws { try DirectStatement(sql, values, db).run() }

    /// Runs a changing statement and returns how many rows it changed, triggers' rows not counted.
    func changes(_ sql: String, _ values: StatementValues) throws -> Int {
        try execute(sql, values)
        return db.changesCount
    }

    /// What `read` makes of the first row of a SELECT that is compiled once for the connection; nil without one.
    func first<Value>(
        _ sql: String, _ values: StatementValues = [], _ read: (CurrentRow) throws -> Value
    ) throws -> Value? {
        try DirectStatement(sql, db).first(values, read)
    }

    /// The first row of a statement that is compiled once for the connection, for whoever needs its columns by name.
    func row(_ sql: String, _ values: StatementValues = []) throws -> Row? {
        try Row.fetchOne(db.cachedStatement(sql: sql), arguments: values.arguments)
    }

    /// All rows of a statement that is compiled once for the connection.
    func rows(_ sql: String, _ values: StatementValues = []) throws -> [Row] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: values.arguments)
    }

    /// Lets the audit's numbers go on further up; the next record must be the one that tells of a restoration.
    func jump(by distance: Int64) { chain.jump(by: distance) }

    /// Writes an audit record in the transaction of what it reports.
    func audit(_ entry: AuditEntry) throws {
        let record = chain.append(entry, now: now.wall)
        try execute(
            """
            INSERT INTO audit (seq, at, event, lease_id, session, pool, first_port, count, agent, pid,
                principal, reason, request_id, holder, details, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                record.seq, record.at.milliseconds, entry.event.rawValue, entry.lease?.number,
                entry.session?.rawValue, entry.pool?.rawValue, entry.block.map { Int($0.first.number) },
                entry.block?.count, entry.agent?.rawValue, entry.pid, entry.principal.description, entry.reason,
                entry.requestID, entry.holder?.description, record.detailsText, record.hash,
            ])
    }
}
