import BerthCore
import BerthStore
import BerthTestSupport
import FoundationEssentials
import GRDB
import Testing

/// Files that are not this Berth's database: refused with the reason, and not one byte of them changes.
@Suite struct `A file that Berth must not touch` {
    private let folder: TemporaryFolder
    private var path: String { folder.file("berth.db") }

    init() throws { folder = try TemporaryFolder() }

    private func expectRefusal(
        saying words: String..., migrator: Migrator = Migrator(), sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try hash(ofFile: path)
        let thrown = #expect(throws: BerthError.self, sourceLocation: sourceLocation) {
            _ = try DatabaseFile(path: path, migrator: migrator)
        }
        #expect(thrown?.code == .configuration, sourceLocation: sourceLocation)
        for word in words {
            #expect(
                thrown?.message.contains(word) == true, "\(thrown?.message ?? "")", sourceLocation: sourceLocation)
        }
        #expect(try hash(ofFile: path) == before, sourceLocation: sourceLocation)
        #expect(try SQLiteShell.run(".quit", on: path).status == 0)
    }

    @Test(arguments: ["Groceries: bread, butter, and something for the cat.\n", "x", "SQLite format 2 and more text"])
    func `is no SQLite database`(text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try expectRefusal(saying: "is no SQLite database", "Nothing was changed", path)
    }

    @Test func `belongs to another program`() throws {
        _ = try SQLiteShell.run("CREATE TABLE notes (text); INSERT INTO notes VALUES ('bread')", on: path)
        try expectRefusal(saying: "another program", "Nothing was changed")
        _ = try SQLiteShell.run("PRAGMA application_id = 77; PRAGMA user_version = 1", on: path)
        try expectRefusal(saying: "another program", "Nothing was changed")
    }

    @Test func `belongs to another program and has a write-ahead log`() throws {
        try leaveLog("CREATE TABLE notes (text); INSERT INTO notes VALUES ('bread')")
        try expectRefusal(saying: "another program", "Nothing was changed")
    }

    @Test func `was made with a migration that has changed since`() throws {
        try DatabaseFile(path: path).close()
        let changed = Migration.all.map {
            Migration(version: $0.version, name: $0.name, sql: $0.sql + "-- An afterthought.\n")
        }
        try expectRefusal(
            saying: "V001__leases", "has changed", "Nothing was changed", migrator: Migrator(migrations: changed))
    }

    @Test func `was made by a newer Berth`() throws {
        let newer = Migration(version: 99, name: "V099__more", sql: "CREATE TABLE more (x INTEGER) STRICT;")
        try DatabaseFile(path: path, migrator: Migrator(migrations: Migration.all + [newer])).close()
        try expectRefusal(saying: "newer Berth", "V099__more", "V009__sleep", "Nothing was changed")
    }

    @Test func `was made by a newer Berth that was killed before it checkpointed`() throws {
        try DatabaseFile(path: path).close()
        try leaveLog("INSERT INTO schema_migrations VALUES (99, 'V099__more', '00')")
        try expectRefusal(saying: "newer Berth", "Nothing was changed")
    }

    @Test func `is damaged inside`() throws {
        try DatabaseFile(path: path).close()
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        for index in 100..<4000 { data[index] = 0xA5 }
        try data.write(to: URL(fileURLWithPath: path))
        let before = try hash(ofFile: path)
        let thrown = #expect(throws: BerthError.self) { _ = try DatabaseFile(path: path) }
        #expect(thrown?.code == .configuration)
        #expect(try hash(ofFile: path) == before)
    }

    @Test func `is a folder, or lies in one that is missing`() throws {
        for path in [folder.path, folder.file("missing/berth.db")] {
            let thrown = #expect(throws: BerthError.self) { _ = try DatabaseFile(path: path) }
            #expect(thrown?.code == .configuration)
            #expect(thrown?.message.contains(path) == true)
        }
    }

    @Test func `is empty, which is nobody's, so Berth takes it`() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        try DatabaseFile(path: path).close()
        #expect(try SQLiteShell.run("PRAGMA user_version", on: path).output == "\(Migration.all.count)\n")
    }

    /// Writes in WAL mode and ends without a checkpoint, as a killed process does.
    private func leaveLog(_ sql: String) throws {
        let answer = try SQLiteShell.run(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; \(sql);", ".shell kill -9 $PPID", on: path)
        #expect(answer.errors.isEmpty)
        #expect(try length(ofFile: path + "-wal") > 0, "no log was left")
    }
}
