import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import GRDB
import Testing

@Suite struct `Migrating a database` {
    private let folder: TemporaryFolder
    private var path: String { folder.file("berth.db") }

    init() throws { folder = try TemporaryFolder() }

    /// `migrations/` at the package's root, from this file's own place in it.
    private static let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("migrations").path

    @Test func `knows exactly the files of the migrations folder, in order and without gaps`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.shipped)
        #expect(Migration.all.map { $0.name + ".sql" } == files.filter { $0.hasSuffix(".sql") }.sorted())
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
        for migration in Migration.all {
            let number = String(migration.version)
            let prefix = "V" + String(repeating: "0", count: 3 - number.count) + number + "__"
            #expect(migration.name.hasPrefix(prefix))
        }
    }

    @Test func `has the text of each file in the program`() throws {
        for migration in Migration.all {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.shipped)/\(migration.name).sql"))
            #expect(Array(migration.sql.utf8) == Array(data))
        }
    }

    @Test func `hashes a migration's bytes with SHA-256`() {
        // printf 'SELECT 1;' | sha256sum
        let migration = Migration(version: 1, name: "V001__x", sql: "SELECT 1;")
        #expect(migration.checksum == "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a")
    }

    @Test func `marks a fresh file as Berth's, with its version`() throws {
        let file = try DatabaseFile(path: path)
        try file.close()
        // As other programs see it, too: https://www.sqlite.org/fileformat.html, offsets 60 and 68.
        let header = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(Array(header[68..<72]) == Array("BRTH".utf8))
        #expect(Array(header[60..<64]) == [0, 0, 0, UInt8(Migration.all.count)])
        let applied = try SQLiteShell.run("SELECT version, name, checksum FROM schema_migrations", on: path)
        #expect(
            applied.output
                == Migration.all.map { "\($0.version)|\($0.name)|\($0.checksum)\n" }.joined())
    }

    @Test func `changes nothing in a file that is up to date`() throws {
        try DatabaseFile(path: path).close()
        let before = try hash(ofFile: path)
        for _ in 0..<3 {
            let file = try DatabaseFile(path: path)
            #expect(try file.writer.read { try Migrator().pending($0) }.isEmpty)
            try file.close()
        }
        #expect(try hash(ofFile: path) == before)
    }

    @Test func `applies only what is pending, in order`() throws {
        let first = Migration(version: 1, name: "V001__a", sql: "CREATE TABLE a (x INTEGER) STRICT;")
        let second = Migration(
            version: 2, name: "V002__b", sql: "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES (7);")
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { db in
            try Migrator(migrations: [first]).migrate(db)
            #expect(try Migrator(migrations: [first, second]).pending(db) == [second])
            try Migrator(migrations: [first, second]).migrate(db)
            try Migrator(migrations: [first, second]).migrate(db)
            #expect(try Int.fetchAll(db, sql: "SELECT x FROM a") == [7])
            #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == 2)
        }
    }

    @Test func `keeps the outcomes of requests, which may be tickets since V005`() throws {
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { db in
            try Migrator(migrations: Array(Migration.all.prefix(4))).migrate(db)
            try db.execute(
                sql: """
                    INSERT INTO pools VALUES ('default', '20000-20099', '', 256, 3600, 2000, 20000);
                    INSERT INTO sessions (id, name, principal, state, created_at)
                        VALUES (1, 'alice', 'uid:1000', 'active', 1);
                    INSERT INTO leases (id, session_id, pool, first_port, count, principal, pinned, created_at,
                            renewed_at, state)
                        VALUES (7, 1, 'default', 20000, 2, 'uid:1000', 1, 1, 1, 'active');
                    INSERT INTO idempotency_keys VALUES
                        ('uid:1000', 'POST', '/v1/leases', 'one', zeroblob(32), 201, 7, 5),
                        ('uid:1000', 'POST', '/v1/leases', 'two', zeroblob(32), 200, 7, 6);
                    """)
            try Migrator().migrate(db)
            let hash = String(repeating: "0", count: 64)
            let outcomes = try String.fetchAll(
                db,
                sql: """
                    SELECT principal || ' ' || method || ' ' || path || ' ' || key || ' ' || hex(request_hash) || ' '
                        || status || ' ' || lease_id || ' ' || COALESCE(ticket_id, 'none') || ' ' || created_at
                    FROM idempotency_keys ORDER BY key
                    """)
            #expect(
                outcomes == [
                    "uid:1000 POST /v1/leases one \(hash) 201 7 none 5",
                    "uid:1000 POST /v1/leases two \(hash) 200 7 none 6",
                ])
            #expect(try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").isEmpty)
            // Nobody waits, and each pool goes on as before.
            #expect(try Int.fetchAll(db, sql: "SELECT active_sessions FROM host") == [1])
            #expect(try Int.fetchAll(db, sql: "SELECT waiting + held_slots + last_turn FROM host") == [0])
            #expect(try String.fetchAll(db, sql: "SELECT queue FROM pools") == ["fifo"])
        }
    }

    @Test func `leaves nothing of a migration that fails half-way`() throws {
        let broken = Migration(
            version: 2, name: "V002__broken",
            sql: "CREATE TABLE more (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);")
        try DatabaseFile(path: path).close()
        let before = try SQLiteShell.run(".dump", on: path).output
        let thrown = #expect(throws: BerthError.self) {
            _ = try DatabaseFile(path: path, migrator: Migrator(migrations: Migration.all + [broken]))
        }
        #expect(thrown?.code == .configuration)
        #expect(thrown?.message.contains("nowhere") == true)
        #expect(try SQLiteShell.run(".dump", on: path).output == before)
        #expect(try SQLiteShell.run("PRAGMA user_version", on: path).output == "\(Migration.all.count)\n")
        try DatabaseFile(path: path).close()
    }

    @Test func `leaves an empty database when the first migration fails, which a later start can take`() throws {
        let broken = Migration(version: 1, name: "V001__broken", sql: "CREATE TABLE a (x INTEGER) STRICT; NONSENSE;")
        #expect(throws: BerthError.self) {
            _ = try DatabaseFile(path: path, migrator: Migrator(migrations: [broken]))
        }
        #expect(
            try SQLiteShell.run(
                "SELECT count(*) FROM sqlite_schema; PRAGMA application_id; PRAGMA user_version", on: path
            )
            .output == "0\n0\n0\n")
        try DatabaseFile(path: path).close()
    }
}
