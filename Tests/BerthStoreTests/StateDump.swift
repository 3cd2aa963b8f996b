import GRDB

/// The whole contents of a database as one text, made by SQLite itself, so that it costs little.
///
/// Left out are the boots, which a start writes outside the queue of commits, and the migrations.
struct StateDump: Sendable {
    private let sql: String

    init(_ db: Database) throws {
        let tables = try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sqlite_schema
                WHERE type = 'table' AND name NOT IN ('boots', 'schema_migrations', 'sqlite_stat1') ORDER BY name
                """)
        sql = try tables.map { table in
            let columns = try String.fetchAll(
                db, sql: "SELECT 'quote(\"' || name || '\")' FROM pragma_table_info(?)", arguments: [table])
            return """
                SELECT '\(table):' || COALESCE(group_concat(line, char(10)), '')
                FROM (SELECT \(columns.joined(separator: " || '|' || ")) AS line FROM "\(table)" ORDER BY 1)
                """
        }.joined(separator: " UNION ALL ")
    }

    func text(_ db: Database) throws -> String {
        try String.fetchAll(db, sql: sql).joined(separator: "\n")
    }
}
