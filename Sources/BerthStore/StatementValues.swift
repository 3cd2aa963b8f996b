import FoundationEssentials
import GRDB
import GRDBSQLite

/// What SQLite takes for a parameter of a statement.
protocol StatementValue: DatabaseValueConvertible {
    /// Binds it, and returns SQLite's result code.
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32
}

/// The values of a statement's parameters, in order.
struct StatementValues: ExpressibleByArrayLiteral {
    private(set) var values: [(any StatementValue)?]

    init(arrayLiteral values: (any StatementValue)?...) { self.values = values }

    static func += (left: inout StatementValues, right: StatementValues) { left.values += right.values }

    /// The same for GRDB.
    var arguments: StatementArguments { StatementArguments(values.map { $0 as (any DatabaseValueConvertible)? }) }
}

extension Int: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Int32: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Int64: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Bool: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}

extension String: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bytes in
                // Without an address SQLite would bind NULL.
                guard let start = bytes.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, nil) }
                return sqlite3_bind_text(statement, index, start, Int32(bytes.count), copiedByCallee)
            }
        }
    }
}

extension Data: StatementValue {
    func bind(to statement: SQLiteStatement, at index: Int32) -> Int32 {
        withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                return sqlite3_bind_zeroblob(statement, index, 0)
            }
            return sqlite3_bind_blob(statement, index, start, Int32(bytes.count), copiedByCallee)
        }
    }
}

/// SQLITE_TRANSIENT, a cast that Swift does not import: SQLite makes a copy before the call returns.
private var copiedByCallee: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
