import BerthCore
import FoundationEssentials
import GRDB
import GRDBSQLite

/// A statement that GRDB compiled and keeps, bound and stepped by SQLite's own calls.
///
/// GRDB puts each argument and each column into boxes of its own and looks columns up by name, which was 0.4 million of the
/// 1.6 million instructions that the writing thread took for a grant and its release. So the statements of changes, and the
/// reading of leases, go this way; everything else asks GRDB.
struct DirectStatement: ~Copyable {
    private let statement: Statement
    private let db: Database

    init(_ sql: String, _ values: StatementValues, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: sql)
        try Self.bind(values, to: statement, db)
        self.statement = statement
        self.db = db
    }

    /// A statement that is asked several times; see ``first(_:_:)``.
    init(_ sql: String, _ db: Database) throws {
        statement = try db.cachedStatement(sql: sql)
        self.db = db
    }

    private static func bind(_ values: StatementValues, to statement: Statement, _ db: Database) throws {
        let raw = statement.sqliteStatement
        guard sqlite3_bind_parameter_count(raw) == values.values.count else {
            throw BerthError(
                .internal, "A statement got \(values.values.count) values and has other parameters: \(statement.sql)")
        }
        var index: Int32 = 0
        for value in values.values {
            index += 1
            let code = value?.bind(to: raw, at: index) ?? sqlite3_bind_null(raw, index)
            guard code == SQLITE_OK else { throw failure(code, of: statement, db) }
        }
    }

    deinit { sqlite3_reset(statement.sqliteStatement) }

    /// Runs it to its end.
    borrowing func run() throws {
        while try step() {}
    }

    /// Goes to the next row; false when there is none.
    borrowing func step() throws -> Bool {
        switch sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw Self.failure(code, of: statement, db)
        }
    }

    /// What `read` makes of the first row with these values; nil without one. The statement is left there.
    borrowing func first<Value>(_ values: StatementValues, _ read: (CurrentRow) throws -> Value) throws -> Value? {
        sqlite3_reset(statement.sqliteStatement)
        try Self.bind(values, to: statement, db)
        return try step() ? read(row) : nil
    }

    /// What `read` makes of each row.
    borrowing func all<Value>(_ read: (CurrentRow) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        while try step() { values.append(try read(row)) }
        return values
    }

    /// The row that it stands on.
    var row: CurrentRow { CurrentRow(statement: statement.sqliteStatement) }

    private static func failure(_ code: Int32, of statement: Statement, _ db: Database) -> DatabaseError {
        let message = db.sqliteConnection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
    }
}

/// The row that a statement stands on, until its next step. Columns are numbered as the SELECT names them.
struct CurrentRow {
    fileprivate let statement: SQLiteStatement

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func int(_ column: Int32) -> Int { Int(int64(column)) }

    func int64IfPresent(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

    func text(_ column: Int32) -> String { textIfPresent(column) ?? "" }

    func textIfPresent(_ column: Int32) -> String? {
        guard let text = sqlite3_column_text(statement, column) else { return nil }
        let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Columns as values of the domain. The constraints keep them well formed, so a value that is not is a broken file.
extension CurrentRow {
    func name<Name: CheckedName>(_ column: Int32) throws -> Name {
        guard let name = try nameIfPresent(column) as Name? else { throw broken(column) }
        return name
    }

    func nameIfPresent<Name: CheckedName>(_ column: Int32) throws -> Name? {
        guard let text = textIfPresent(column) else { return nil }
        guard let name = Name(rawValue: text) else { throw broken(column) }
        return name
    }

    /// A number that fits its type.
    func integer<Number: FixedWidthInteger>(_ column: Int32) throws -> Number {
        guard !isNull(column), let number = Number(exactly: int64(column)) else { throw broken(column) }
        return number
    }

    func truth(_ column: Int32) throws -> Bool {
        switch try integer(column) as Int {
        case 0: false
        case 1: true
        default: throw broken(column)
        }
    }

    func port(_ column: Int32) throws -> Port {
        guard let port = Port(try integer(column) as Int) else { throw broken(column) }
        return port
    }

    /// A block from its first port and its count.
    func block(_ first: Int32, _ count: Int32) throws -> PortBlock {
        guard let block = PortBlock(first: try port(first), count: try integer(count)) else { throw broken(count) }
        return block
    }

    func principal(_ column: Int32) throws -> Principal {
        guard let principal = Principal(text(column)) else { throw broken(column) }
        return principal
    }

    func instant(_ column: Int32) throws -> Instant { Instant(milliseconds: try integer(column)) }

    func instantIfPresent(_ column: Int32) -> Instant? { int64IfPresent(column).map(Instant.init(milliseconds:)) }

    /// A process from the five columns of its identity; see ``ProcessColumns``.
    func process(_ first: Int32, _ boots: BootRegistry) throws -> ProcessIdentity? {
        guard let pid = int64IfPresent(first + 2) else { return nil }
        guard let pid = Int32(exactly: pid) else { throw broken(first + 2) }
        return ProcessIdentity(
            bootID: try boots.boot(try integer(first)), pidNamespace: UInt64(bitPattern: try integer(first + 1)),
            pid: pid,
            startTicks: UInt64(bitPattern: try integer(first + 3)),
            pidfsInode: int64IfPresent(first + 4).map(UInt64.init(bitPattern:)))
    }

    private func broken(_ column: Int32) -> BerthError {
        let name = sqlite3_column_name(statement, column).map { String(cString: $0) } ?? "column \(column)"
        return BerthError(.internal, "The database holds a \(name) that Berth never writes: \(text(column))")
    }
}
