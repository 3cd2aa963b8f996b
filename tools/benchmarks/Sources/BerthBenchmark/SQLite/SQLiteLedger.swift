import Glibc

/// The audit's next records, and what all rows share.
final class SQLiteLedger {
    let principal = SQLiteText("uid:\(getuid())")
    let pool = SQLiteText("default")
    let started = SQLiteText("session.started")
    let granted = SQLiteText("lease.granted")
    let released = SQLiteText("lease.released")
    let ended = SQLiteText("session.ended")
    let releaseReason = SQLiteText("released by its client")
    /// The present boot's row.
    let boot: Int64
    /// The last record's number.
    private(set) var seq: Int64
    private var at: Int64
    private let insert: SQLiteStatement
    private var random = SystemRandomNumberGenerator()
    private let requestID: SQLiteText
    private let hash = SQLiteText([UInt8](repeating: 0, count: 32))

    init(_ connection: SQLiteConnection, _ insert: SQLiteStatement) throws(BenchmarkError) {
        self.insert = insert
        guard let seq = try connection.number("SELECT max(seq) FROM audit"),
            let at = try connection.number("SELECT at FROM audit ORDER BY seq DESC LIMIT 1"),
            let boot = try connection.number("SELECT max(id) FROM boots")
        else { throw BenchmarkError("no daemon has used this database") }
        (self.seq, self.at, self.boot) = (seq, at, boot)
        // As long as the daemon's, a number of the connection and one of the request.
        requestID = SQLiteText("1swr0lzoq8j7v-42")
    }

    /// Milliseconds since 1970; never earlier than the last record.
    func wallNow() -> Int64 {
        let now = Int64(Nanoseconds.reading(of: CLOCK_REALTIME) / 1_000_000)
        at = max(at, now)
        return at
    }

    /// Writes the next record.
    func record(
        _ event: SQLiteText, at now: Int64, session: SQLiteText, lease: Int64? = nil, block: Int64? = nil,
        reason: SQLiteText? = nil, details: SQLiteText? = nil
    ) throws(BenchmarkError) {
        seq += 1
        fillHash()
        try insert.run(
            .number(seq), .number(now), .text(event), lease.map { .number($0) } ?? .null, .text(session),
            block == nil ? .null : .text(pool), block.map { .number($0) } ?? .null,
            block == nil ? .null : .number(SQLiteHolder.count), .text(principal),
            reason.map { .text($0) } ?? .null, .text(requestID), details.map { .text($0) } ?? .null, .blob(hash))
    }

    private func fillHash() {
        hash.characters.withMemoryRebound(to: UInt64.self, capacity: 4) { words in
            for index in 0..<4 { words[index] = random.next() }
        }
    }
}
