import BerthStore
import GRDB

/// A fresh database in memory that holds ``SchemaSpecimens/base``, and what its schema says of itself.
struct SchemaBench {
    let database: DatabaseQueue

    /// - Parameter hasTriggers: without them no trigger can refuse a row before the constraint that a test is about.
    init(hasTriggers: Bool = true) throws {
        database = try DatabaseQueue()
        try database.writeWithoutTransaction { db in
            try Migrator().migrate(db)
            try db.execute(sql: SchemaSpecimens.base)
            // The table of one row: its specimen has to find it empty.
            try db.execute(sql: "DELETE FROM host")
            guard !hasTriggers else { return }
            for trigger in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
                try db.execute(sql: "DROP TRIGGER \(trigger)")
            }
        }
    }

    /// Runs the statements and returns SQLite's message when it refuses one; nil when it takes them all.
    func refusal(of sql: String) -> String? {
        database.writeWithoutTransaction { db in
            do {
                try db.execute(sql: sql)
                return nil
            } catch {
                return (error as? DatabaseError)?.message ?? "\(error)"
            }
        }
    }

    func fetch<Value: DatabaseValueConvertible>(_ sql: String, as type: Value.Type = Value.self) throws -> [Value] {
        try database.read { try Value.fetchAll($0, sql: sql) }
    }

    func rows(_ sql: String) throws -> [Row] { try database.read { try Row.fetchAll($0, sql: sql) } }

    var tables: [String] {
        get throws {
            try fetch("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        }
    }

    /// The text inside every `CHECK (…)` of a table, in the order of the schema, with single spaces.
    func checks(of table: String) throws -> [String] {
        let schema: [String] = try fetch("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = '\(table)'")
        var rest = schema.joined()[...]
        var checks: [String] = []
        while let start = rest.firstRange(of: "CHECK (") {
            var depth = 1
            let end = rest[start.upperBound...].firstIndex { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth == 0
            }
            guard let end else { break }
            checks.append(rest[start.upperBound..<end].split(whereSeparator: \.isWhitespace).joined(separator: " "))
            rest = rest[end...]
        }
        return checks
    }
}
