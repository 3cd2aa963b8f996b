import BerthCore
import BerthStore
import BerthTestSupport
import GRDB
import Glibc
import Testing

@Suite struct `A database file` {
    private let folder: TemporaryFolder
    private let file: DatabaseFile

    init() throws {
        folder = try TemporaryFolder()
        file = try DatabaseFile(path: folder.file("berth.db"))
    }

    @Test(arguments: [
        ("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("wal_autocheckpoint", "0"),
        ("journal_size_limit", "67108864"), ("recursive_triggers", "1"), ("busy_timeout", "5000"),
        ("query_only", "0"), ("locking_mode", "normal"), ("auto_vacuum", "2"),
    ])
    func `writes with the settings that make commits durable`(pragma: String, value: String) throws {
        let settings = try file.writer.writeWithoutTransaction { db in
            try String.fetchOne(db, sql: "PRAGMA \(pragma)")
        }
        #expect(settings == value)
    }

    @Test func `keeps its settings after it was written, read and checkpointed`() throws {
        try file.writer.write { try $0.execute(sql: "INSERT INTO boots (boot_id) VALUES ('b')") }
        _ = try file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") }
        try file.writer.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            #expect(try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2)
            #expect(try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint") == 0)
        }
    }

    @Test func `reads with connections that cannot write`() async throws {
        #expect(try await file.readers.read { try Int.fetchOne($0, sql: "PRAGMA query_only") } == 1)
        for sql in ["INSERT INTO boots (boot_id) VALUES ('b')", "CREATE TABLE x (y)", "PRAGMA user_version = 9"] {
            await #expect(throws: DatabaseError.self) {
                try await file.readers.read { try $0.execute(sql: sql) }
            }
            #expect(throws: DatabaseError.self) {
                try file.readers.writeWithoutTransaction { try $0.execute(sql: sql) }
            }
        }
        #expect(try await file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") } == 0)
    }

    @Test func `keeps its log when the readers close, and empties it when the file does`() throws {
        for number in 0..<50 {
            try file.writer.write { try $0.execute(sql: "INSERT INTO boots (boot_id) VALUES ('\(number)')") }
            _ = try file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") }
        }
        let (main, log) = (try hash(ofFile: file.path), try length(ofFile: file.path + "-wal"))
        #expect(log > 50 * 4096)
        try file.readers.close()
        #expect(try length(ofFile: file.path + "-wal") == log)
        #expect(try hash(ofFile: file.path) == main)
        try file.close()
        #expect(try length(ofFile: file.path + "-wal") == 0)
        #expect(try SQLiteShell.run("SELECT count(*) FROM boots", on: file.path).output == "50\n")
    }

    /// Even as the last connection of all: the log must outlive readers that close after the writer is gone.
    @Test func `keeps its log when a reader is the last to close`() throws {
        try file.writer.write { try $0.execute(sql: "INSERT INTO boots (boot_id) VALUES ('b')") }
        _ = try file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") }
        let copy = folder.file("copy.db")
        // A copy that nobody writes, with a log: what a pool of readers alone would find.
        let answer = try SQLiteShell.run(
            ".shell cp \(file.path) \(copy) && cp \(file.path)-wal \(copy)-wal", on: file.path)
        #expect(answer.status == 0)
        let log = try length(ofFile: copy + "-wal")
        #expect(log > 0)
        let other = try DatabaseFile(path: copy)
        try other.writer.close()
        try other.readers.close()
        #expect(try length(ofFile: copy + "-wal") == log)
    }

    @Test func `lets readers see what was committed, and nothing before`() throws {
        try file.writer.writeWithoutTransaction { db in
            try db.beginTransaction(.immediate)
            try db.execute(sql: "INSERT INTO boots (boot_id) VALUES ('b')")
            #expect(try file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") } == 0)
            try db.commit()
            #expect(try file.readers.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM boots") } == 1)
        }
    }

    @Test func `is locked by one process at a time, and the refused one is told whose it is`() throws {
        let lock = try DatabaseLock(forDatabase: file.path, for: .serve)
        let thrown = #expect(throws: BerthError.self) { _ = try DatabaseLock(forDatabase: file.path, for: .serve) }
        #expect(thrown?.code == .databaseInUse)
        #expect(thrown?.message.contains("PID \(getpid())") == true, "\(thrown?.message ?? "")")
        _ = lock
    }

    @Test func `is free again when its lock is let go`() throws {
        do { _ = try DatabaseLock(forDatabase: file.path, for: .serve) }
        _ = try DatabaseLock(forDatabase: file.path, for: .serve)
    }
}
