import Glibc

/// Grants and releases of blocks straight into a copy of a daemon's database: what this disk and SQLite reach with the
/// daemon's own schema and statements, and with nothing else around them.
///
/// A number of holders change in each transaction, half of them granting while the other half release, as a daemon's
/// batches have it. What is not SQLite's or the disk's is left out: the chain's hash is 32 random bytes here. Savepoints
/// keep what they would roll back in memory (`temp_store`), since SQLite would write it to a temporary file otherwise.
package final class SQLiteLoad {
    /// As the daemon has it: 16 MiB of 4 KiB pages.
    private static let checkpointDueAtPages: Int32 = 4096

    private let connection: SQLiteConnection
    private let statements: LeaseStatements
    private let ledger: SQLiteLedger
    private var holders: [SQLiteHolder] = []

    /// Opens the copy. The daemon must not use it.
    /// - Parameter batch: how many changes there are in each transaction.
    package init(database: String, batch: Int) throws(BenchmarkError) {
        connection = try SQLiteConnection(path: database)
        try connection.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
            PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA recursive_triggers = ON;
            PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY
            """)
        statements = try LeaseStatements(connection)
        ledger = try SQLiteLedger(connection, statements.audit)
        holders = try Self.freeBlocks(batch, connection).enumerated().map { number, first in
            SQLiteHolder(session: "sqlite-\(number)", first: first, statements, connection, ledger)
        }
    }

    package func measure(warmUp: Nanoseconds, duration: Nanoseconds) throws(BenchmarkError) -> Measurement {
        let active = try connection.number("SELECT count(*) FROM leases WHERE state = 'active'")
        // Every second holder has a block when the clock starts, so that grants and releases share transactions.
        try commit(holders.indices.filter { $0.isMultiple(of: 2) })
        let all = Array(holders.indices)
        let measurement = try Repetition.measure(
            warmUp: warmUp, duration: duration, answers: holders.count
        ) { () throws(BenchmarkError) in
            try commit(all)
        }
        try commit(all.filter { holders[$0].holdsLease })
        guard try connection.number("SELECT count(*) FROM leases WHERE state = 'active'") == active,
            try connection.number("SELECT max(seq) FROM audit") == ledger.seq
        else { throw BenchmarkError("the rows are not what the statements made them") }
        return measurement
    }

    /// One transaction in which these holders change, then a checkpoint where one is due.
    private func commit(_ numbers: [Int]) throws(BenchmarkError) {
        try statements.begin.run()
        for number in numbers {
            try statements.savepoint.run()
            try holders[number].change()
            try statements.release.run()
        }
        try statements.commit.run()
        try connection.checkpointIfDue(pages: Self.checkpointDueAtPages)
    }

    /// The first ports of blocks that are free, one beside the other.
    private static func freeBlocks(_ count: Int, _ connection: SQLiteConnection) throws(BenchmarkError) -> [Int64] {
        let statement = try SQLiteStatement(
            "SELECT port FROM ports WHERE pool = 'default' AND state = 'free' ORDER BY port", on: connection)
        defer { statement.reset() }
        var blocks: [Int64] = []
        var (first, length): (Int64, Int64) = (0, 0)
        while blocks.count < count, try statement.step() {
            let port = statement.number(0)
            (first, length) = length > 0 && port == first + length ? (first, length + 1) : (port, 1)
            guard length == SQLiteHolder.count else { continue }
            blocks.append(first)
            length = 0
        }
        guard blocks.count == count else {
            throw BenchmarkError("the pool default of the database has no \(count) free blocks of six")
        }
        return blocks
    }
}
