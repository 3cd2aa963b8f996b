import CSQLite

/// A connection to SQLite without anything around it.
final class SQLiteConnection {
    fileprivate let handle: OpaquePointer
    /// How many pages the write-ahead log had after the last commit.
    private let logPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// Opens a database that exists, for this thread alone.
    init(path: String) throws(BenchmarkError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            sqlite3_close_v2(handle)
            throw BenchmarkError("open \(path): \(String(cString: sqlite3_errstr(code)))")
        }
        self.handle = handle
        logPages.initialize(to: 0)
        let hook: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            context, _, _, pages in
            context?.assumingMemoryBound(to: Int32.self).pointee = pages
            return SQLITE_OK
        }
        sqlite3_wal_hook(handle, hook, logPages)
    }

    deinit {
        sqlite3_close_v2(handle)
        logPages.deallocate()
    }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(BenchmarkError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(sql, code) }
    }

    /// The first column of the first row, a number; nil when there is no row, or it is NULL.
    func number(_ sql: String) throws(BenchmarkError) -> Int64? {
        let statement = try SQLiteStatement(sql, on: self)
        defer { statement.reset() }
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.number(0)
    }

    var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Rows that the last statement changed, triggers' rows not counted.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// Moves the log back into the database where it has grown long, as the daemon does between two transactions.
    func checkpointIfDue(pages: Int32) throws(BenchmarkError) {
        guard logPages.pointee >= pages else { return }
        logPages.pointee = 0
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        guard code == SQLITE_OK else { throw failure("a checkpoint", code) }
    }

    fileprivate func failure(_ what: String, _ code: Int32) -> BenchmarkError {
        BenchmarkError("\(what.prefix(60)): \(String(cString: sqlite3_errmsg(handle))) (\(code))")
    }
}

/// A statement that is compiled once.
final class SQLiteStatement {
    private let statement: OpaquePointer
    private let connection: SQLiteConnection

    init(_ sql: String, on connection: SQLiteConnection) throws(BenchmarkError) {
        var statement: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, flags, &statement, nil)
        guard code == SQLITE_OK, let statement else { throw connection.failure(sql, code) }
        self.statement = statement
        self.connection = connection
    }

    deinit { sqlite3_finalize(statement) }

    /// A value for one of a statement's arguments.
    enum Argument {
        case null
        case number(Int64)
        /// It must live as long as it is bound.
        case text(SQLiteText)
        case blob(SQLiteText)
    }

    /// Binds the arguments, numbered from 1, and runs the statement to its end.
    func run(_ arguments: Argument...) throws(BenchmarkError) {
        try bind(arguments)
        defer { reset() }
        while try step() {}
    }

    /// The same, and reads every column of every row, as one that wants the row does. Returns how many rows there were.
    func read(_ arguments: Argument...) throws(BenchmarkError) -> Int {
        try bind(arguments)
        defer { reset() }
        var rows = 0
        while try step() {
            rows += 1
            for column in 0..<sqlite3_column_count(statement) { sqlite3_column_value(statement, column) }
        }
        return rows
    }

    private func bind(_ arguments: [Argument]) throws(BenchmarkError) {
        for (index, argument) in arguments.enumerated() {
            let place = Int32(index + 1)
            let code =
                switch argument {
                case .null: sqlite3_bind_null(statement, place)
                case .number(let number): sqlite3_bind_int64(statement, place, number)
                // Without a destructor SQLite does not copy.
                case .text(let text): sqlite3_bind_text(statement, place, text.characters, text.count, nil)
                case .blob(let blob): sqlite3_bind_blob(statement, place, blob.characters, blob.count, nil)
                }
            guard code == SQLITE_OK else { throw connection.failure("an argument", code) }
        }
    }

    /// Whether there is a row.
    func step() throws(BenchmarkError) -> Bool {
        let code = sqlite3_step(statement)
        guard code == SQLITE_ROW || code == SQLITE_DONE else {
            throw connection.failure(String(cString: sqlite3_sql(statement)), code)
        }
        return code == SQLITE_ROW
    }

    func reset() { sqlite3_reset(statement) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
}

/// Text that stays at one place in memory.
final class SQLiteText {
    let characters: UnsafeMutablePointer<CChar>
    let count: Int32

    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ bytes: [UInt8]) {
        count = Int32(bytes.count)
        characters = .allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { characters[index] = CChar(bitPattern: byte) }
        characters[bytes.count] = 0
    }

    deinit { characters.deallocate() }
}
