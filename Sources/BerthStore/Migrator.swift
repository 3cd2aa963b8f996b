import BerthCore
package import GRDB

/// Brings a database to the newest schema, one transaction for each migration.
package struct Migrator {
    /// "BRTH": marks the file as Berth's (`PRAGMA application_id`).
    package static let applicationID: Int32 = 0x4252_5448

    package let migrations: [Migration]

    package init(migrations: [Migration] = Migration.all) { self.migrations = migrations }

    /// What would be applied, oldest first. It changes nothing.
    /// - Throws: ``ErrorCode/configuration`` for a file that is not Berth's, is from a newer Berth, or was made with a
    ///   migration that has changed since.
    package func pending(_ db: Database) throws -> [Migration] {
        let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let hasTables = try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_schema)") ?? false
        guard hasTables else { return migrations }
        guard applicationID == Self.applicationID else {
            throw BerthError(
                .configuration,
                "This file is a database of another program, not of Berth. Nothing was changed."
                    + " Name another file with --database.")
        }
        let applied = try Row.fetchAll(
            db, sql: "SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        for row in applied { try check(row) }
        return Array(migrations.dropFirst(applied.count))
    }

    /// Applies what is pending.
    package func migrate(_ db: Database) throws {
        for migration in try pending(db) {
            try db.inTransaction(.immediate) {
                if migration.version == 1 { try adopt(db) }
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)",
                    arguments: [migration.version, migration.name, migration.checksum])
                try db.execute(sql: "PRAGMA user_version = \(migration.version)")
                return .commit
            }
        }
    }

    /// Marks an empty file as Berth's.
    private func adopt(_ db: Database) throws {
        try db.execute(
            sql: """
                PRAGMA application_id = \(Self.applicationID);
                CREATE TABLE schema_migrations (
                    version  INTEGER PRIMARY KEY,
                    name     TEXT NOT NULL,
                    checksum TEXT NOT NULL
                ) STRICT;
                """)
    }

    private func check(_ row: Row) throws {
        let version: Int = row["version"]
        let name: String = row["name"]
        guard let shipped = migrations.first(where: { $0.version == version }) else {
            throw BerthError(
                .configuration,
                "The database was made by a newer Berth: it has migration \(name), this Berth ends at"
                    + " \(migrations.last?.name ?? "none"). Nothing was changed. Start the newer Berth.")
        }
        guard shipped.checksum == row["checksum"] else {
            throw BerthError(
                .configuration,
                "Migration \(name) has changed since it was applied to this database. Nothing was changed."
                    + " Start the Berth that made the database, or restore the migration.")
        }
    }
}
