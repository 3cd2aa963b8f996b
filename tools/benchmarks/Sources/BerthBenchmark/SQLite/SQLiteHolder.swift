import Glibc

/// One session that leases its block and gives it back, in turns.
final class SQLiteHolder {
    /// The ports of a block.
    static let count: Int64 = 6
    private static let ttlMilliseconds: Int64 = 300_000

    private let session: SQLiteText
    private let first: Int64
    private let statements: LeaseStatements
    private let connection: SQLiteConnection
    private let ledger: SQLiteLedger
    private let labels = SQLiteText("{}")
    private var lease: Int64?

    init(
        session: String, first: Int64, _ statements: LeaseStatements, _ connection: SQLiteConnection,
        _ ledger: SQLiteLedger
    ) {
        self.session = SQLiteText(session)
        self.first = first
        self.statements = statements
        self.connection = connection
        self.ledger = ledger
    }

    var holdsLease: Bool { lease != nil }

    /// Grants, or releases what was granted.
    func change() throws(BenchmarkError) {
        if let lease {
            try release(lease)
            self.lease = nil
        } else {
            lease = try grant()
        }
    }

    private func grant() throws(BenchmarkError) -> Int64 {
        let now = ledger.wallNow()
        guard try statements.findSession.read(.text(session)) == 0 else {
            throw BenchmarkError("a session of the measurement is active already")
        }
        try readCounts()
        try statements.startSession.run(.text(session), .text(ledger.principal), .number(now))
        let sessionID = connection.lastInsertedRowID
        try ledger.record(
            ledger.started, at: now, session: session, details: SQLiteText("{\"session_id\":\(sessionID)}"))
        try readCounts()
        return try claim(sessionID, now)
    }

    private func claim(_ sessionID: Int64, _ now: Int64) throws(BenchmarkError) -> Int64 {
        let bootNow = Int64(Nanoseconds.reading(of: CLOCK_BOOTTIME) / 1_000_000)
        let deadline = bootNow + Self.ttlMilliseconds
        let expiresAt = now + Self.ttlMilliseconds
        try statements.insertLease.run(
            .number(sessionID), .text(ledger.pool), .number(first), .number(Self.count), .text(ledger.principal),
            .text(labels), .number(Self.ttlMilliseconds), .number(now), .number(ledger.boot), .number(deadline),
            .number(expiresAt))
        let lease = connection.lastInsertedRowID
        try statements.claimPorts.run(
            .number(lease), .number(first), .number(first + Self.count - 1), .text(ledger.pool), .null)
        guard connection.changes == Int(Self.count) else { throw BenchmarkError("a block was not free") }
        try statements.enterSession.run(.number(Self.count), .number(sessionID))
        try statements.rememberBlock.run(
            .text(ledger.principal), .text(session), .text(ledger.pool), .number(Self.count), .number(first),
            .number(lease))
        try ledger.record(
            ledger.granted, at: now, session: session, lease: lease, block: first,
            details: SQLiteText(
                """
                {"lease":{},"expiry":{"ttl_ms":\(Self.ttlMilliseconds),"expires_at_ms":\(expiresAt),\
                "boot":"00000000-0000-0000-0000-000000000000","boot_ms":\(deadline)}}
                """))
        return lease
    }

    private func release(_ lease: Int64) throws(BenchmarkError) {
        let now = ledger.wallNow()
        guard try statements.findLease.read(.number(lease)) == 1 else { throw BenchmarkError("a lease is missing") }
        _ = try statements.findAgents.read(.number(lease))
        try statements.endLease.run(.number(now), .text(ledger.releaseReason), .number(lease))
        guard connection.changes == 1 else { throw BenchmarkError("a lease had ended already") }
        try ledger.record(
            ledger.released, at: now, session: session, lease: lease, block: first,
            reason: ledger.releaseReason)
        try statements.freePorts.run(
            .number(lease), .number(now), .number(first), .number(first + Self.count - 1))
        guard connection.changes == Int(Self.count) else { throw BenchmarkError("a lease did not hold its block") }
        guard try statements.leaveSession.read(.number(Self.count), .number(now), .text(session)) == 1 else {
            throw BenchmarkError("a lease had no session")
        }
        try ledger.record(ledger.ended, at: now, session: session)
        try readCounts()
    }

    private func readCounts() throws(BenchmarkError) {
        guard try statements.counts.read() == 1 else { throw BenchmarkError("the counters are missing") }
    }
}
