import BerthCore
import BerthTestSupport
import FoundationEssentials
import Testing

@testable import BerthStore

@Suite struct `Examining a database` {
    /// Alice's lease 1 has 20000-20001; the database is closed.
    private func stopped() async throws -> TestStore {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        try test.stop()
        return test
    }

    /// The files in the folder with their bytes.
    private func files(_ test: TestStore) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: test.folder.path)
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: test.folder.file($0))))
            })
    }

    private func examined(_ test: TestStore, isServed: Bool = false) throws -> DatabaseExamination {
        try #require(try DatabaseExamination.read(test.path, isServed: isServed))
    }

    @Test func `tells pools, ports, records and the newest instant of a whole one`() async throws {
        let test = try await stopped()
        let found = try examined(test)
        #expect(found.damage == [] && found.pendingMigrations == [])
        #expect(found.pools == [.test])
        #expect(found.states == [20_000: .leased, 20_001: .leased])
        #expect(found.auditRecords > 2)
        #expect(found.newestRecord == test.clock.now().wall)
    }

    @Test func `makes no file and changes none`() async throws {
        let test = try await stopped()
        let before = try files(test)
        #expect(before.keys.sorted() == ["berth.db"])
        _ = try examined(test)
        #expect(try files(test) == before)
    }

    @Test func `sees what is in the log alone, of an open and of a killed database`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        let before = try files(test)
        #expect((before["berth.db-wal"]?.count ?? 0) > 0)
        #expect(try examined(test, isServed: true).states.count == 2)
        // This process has the index open for writing too, so only the doctor's own leaves it alone.
        for name in ["berth.db", "berth.db-wal"] { #expect(try files(test)[name] == before[name]) }
        // The same files as a killed daemon leaves them, with nobody's locks on them.
        let copy = try TemporaryFolder()
        for (name, bytes) in before { try bytes.write(to: URL(fileURLWithPath: copy.file(name))) }
        let found = try #require(try DatabaseExamination.read(copy.file("berth.db"), isServed: false))
        #expect(found.states.count == 2 && found.damage == [])
        for (name, bytes) in before {
            #expect(try Data(contentsOf: URL(fileURLWithPath: copy.file(name))) == bytes, "\(name)")
        }
        try test.stop()
    }

    @Test func `says so when it cannot be read without making a file`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        let copy = try TemporaryFolder()
        for name in ["berth.db", "berth.db-wal"] {
            try FileManager.default.copyItem(atPath: test.folder.file(name), toPath: copy.file(name))
        }
        let thrown = #expect(throws: BerthError.self) {
            try DatabaseExamination.read(copy.file("berth.db"), isServed: false)
        }
        #expect(thrown?.message.contains("-shm") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: copy.path).count == 2)
        try test.stop()
    }

    @Test func `finds no database where there is none, and refuses what is none`() throws {
        let folder = try TemporaryFolder()
        #expect(try DatabaseExamination.read(folder.file("berth.db"), isServed: false) == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        try Data("these are my notes\n".utf8).write(to: URL(fileURLWithPath: folder.file("notes")))
        #expect(throws: BerthError.self) { try DatabaseExamination.read(folder.file("notes"), isServed: false) }
    }

    @Test(arguments: [
        ("port 20050", "UPDATE ports SET state = 'leased', lease_id = 1 WHERE port = 20050"),
        ("refers to a row of sessions", "DELETE FROM sessions"),
        ("Audit record 2 does not follow", "UPDATE audit SET reason = 'nothing' WHERE seq = 2"),
        ("Audit record 3 does not follow", "DELETE FROM audit WHERE seq = 2"),
        (
            "the row of ports with port 20007 breaks a CHECK",
            "PRAGMA ignore_check_constraints = ON; UPDATE ports SET state = 'x' WHERE port = 20007"
        ),
        (
            "the row of leases with id 1 breaks a CHECK",
            "PRAGMA ignore_check_constraints = ON; UPDATE leases SET count = 0"
        ),
        (
            "the row of pools with name \"default\" breaks a CHECK",
            "PRAGMA ignore_check_constraints = ON; UPDATE pools SET max_block = 0"
        ),
    ])
    func `names damage`(witness: String, sql: String) async throws {
        let test = try await stopped()
        try damage(test, sql)
        let words = try examined(test).damage.joined(separator: "\n")
        #expect(words.contains(witness), "\(words)")
    }

    /// A start reads the last 256 records only.
    @Test func `walks the whole audit`() async throws {
        let test = try await TestStore.open()
        try await test.lease(Wish(name: "web"))
        for _ in 0..<300 { _ = try await test.store.renew(1, ttlMilliseconds: nil, .alice) }
        try test.stop()
        #expect(try examined(test).auditRecords > 300)
        try damage(test, "UPDATE audit SET reason = 'nothing' WHERE seq = 5")
        let found = try examined(test)
        #expect(found.damage == ["audit: record 5 does not follow from the one before it: one of them was changed"])
        #expect(found.auditRecords == 4)
    }

    @Test func `takes paths that a URI would bend`() async throws {
        let test = try await stopped()
        let folder = try TemporaryFolder()
        for name in ["a?b.db", "a#b.db", "a%41.db", "ä b&mode=rw.db"] {
            try FileManager.default.copyItem(atPath: test.path, toPath: folder.file(name))
            #expect(try DatabaseExamination.read(folder.file(name), isServed: false)?.states.count == 2, "\(name)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 4)
    }

    private func damage(_ test: TestStore, _ sql: String) throws {
        let triggers = try SQLiteShell.run("SELECT name FROM sqlite_schema WHERE type = 'trigger'", on: test.path)
            .output
        let drops = triggers.split(separator: "\n").map { "DROP TRIGGER \($0);" }.joined()
        let answer = try SQLiteShell.run("\(drops) \(sql);", on: test.path)
        #expect(answer.status == 0, "\(answer.errors)")
    }
}
