import CBerthSQLite
import GRDB
import GRDBSQLite

/// Finds rows that break a CHECK of their table.
///
/// `PRAGMA integrity_check` says nothing of them here: a connection that cannot write a database leaves the CHECKs out
/// when it reads the schema (sqlite3AddCheckConstraint in SQLite's build.c). So each table is made anew in a private
/// temporary database, which has no name and goes with its connection, and the rows that it refuses are told.
struct ConstraintCheck {
    let file: UntouchedDatabase
    let way: UntouchedDatabase.Way

    /// As many rows of a table are told.
    private static let longest = 5

    /// - Returns: each bad row in words; empty when all rows are as they must be.
    func run() throws -> [String] {
        var configuration = Configuration()
        configuration.label = "berth.constraints"
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: "", configuration: configuration)
        return try queue.inDatabase { db in
            guard berth_checkpoint_on_close(db.sqliteConnection, 0) == SQLITE_OK else { return [] }
            try db.execute(sql: "ATTACH ? AS examined", arguments: [file.uri(way)])
            // The audit's records are bound by their chain, and there may be millions.
            let tables = try Row.fetchAll(
                db,
                sql: """
                    SELECT name, sql FROM examined.sqlite_schema
                    WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'audit'
                    """)
            return try tables.flatMap { try badRows(of: $0["name"], definition: $0["sql"], db) }
        }
    }

    private func badRows(of table: String, definition: String, _ db: Database) throws -> [String] {
        try db.execute(sql: definition)
        // IGNORE skips what a CHECK refuses (https://www.sqlite.org/lang_conflict.html).
        // Generated columns are not among table_info's.
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_info(?, 'examined')", arguments: [table]
        )
        .joined(separator: ", ")
        try db.execute(
            sql: "INSERT OR IGNORE INTO main.\(table) (\(names)) SELECT \(names) FROM examined.\(table)")
        let counts = try Row.fetchOne(
            db, sql: "SELECT (SELECT count(*) FROM main.\(table)), (SELECT count(*) FROM examined.\(table))")
        guard let counts, counts[0] as Int != counts[1] as Int else { return [] }
        let keys = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_info(?, 'examined') WHERE pk > 0 ORDER BY pk", arguments: [table])
        let columns = keys.joined(separator: ", ")
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(columns) FROM examined.\(table) EXCEPT SELECT \(columns) FROM main.\(table)
                LIMIT \(Self.longest)
                """)
        return rows.map { row in
            let key = zip(keys, row.databaseValues).map { "\($0) \($1)" }.joined(separator: ", ")
            return "the row of \(table) with \(key) breaks a CHECK of its table"
        }
    }
}
