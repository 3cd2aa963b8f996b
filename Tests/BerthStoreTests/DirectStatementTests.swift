import BerthCore
import FoundationEssentials
import GRDB
import Testing

@testable import BerthStore

@Suite struct `A direct statement` {
    private let queue: DatabaseQueue

    init() throws {
        queue = try DatabaseQueue()
        try queue.write { db in
            try db.execute(sql: "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER) STRICT")
        }
    }

    /// What a value is in SQLite, by its type, its length in bytes and its bytes.
    private func asSQLiteHasIt(_ value: (any StatementValue)?) throws -> String? {
        try queue.read { db in
            try DirectStatement("SELECT typeof(?1) || ' ' || quote(CAST(?1 AS BLOB))", [value], db).all { $0.text(0) }
        }.first
    }

    @Test func `binds every kind of value as it is`() throws {
        #expect(try asSQLiteHasIt(nil) == "null NULL")
        #expect(try asSQLiteHasIt(Int64.min) == "integer X'\(hex("-9223372036854775808"))'")
        #expect(try asSQLiteHasIt(Int.max) == "integer X'\(hex("9223372036854775807"))'")
        #expect(try asSQLiteHasIt(Int32(-1)) == "integer X'\(hex("-1"))'")
        #expect(try asSQLiteHasIt(true) == "integer X'\(hex("1"))'")
        #expect(try asSQLiteHasIt(false) == "integer X'\(hex("0"))'")
        #expect(try asSQLiteHasIt("") == "text X''")
        #expect(try asSQLiteHasIt("aü\u{202e}🜁") == "text X'\(hex("aü\u{202e}🜁"))'")
        #expect(try asSQLiteHasIt(Data()) == "blob X''")
        #expect(try asSQLiteHasIt(Data([0, 255])) == "blob X'00FF'")
    }

    private func hex(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }

    @Test func `reads columns back, and null as nothing`() throws {
        try queue.read { db in
            let statement = try DirectStatement("SELECT 'a' || char(0) || 'ü', 9007199254740993, NULL, ''", [], db)
            #expect(try statement.step())
            #expect(statement.row.text(0) == "a\u{0}ü" && statement.row.int64(1) == 9_007_199_254_740_993)
            #expect(statement.row.textIfPresent(2) == nil && statement.row.int64IfPresent(2) == nil)
            #expect(statement.row.textIfPresent(3) == "")
            #expect(throws: BerthError.self) { try statement.row.integer(1) as Int32 }
            #expect(throws: BerthError.self) { try statement.row.integer(2) as Int64 }
            #expect(try !statement.step())
        }
    }

    @Test func `refuses fewer and more values than it has parameters`() throws {
        try queue.read { db in
            for values in [[], [1, 2]] as [StatementValues] {
                #expect(throws: BerthError.self) { _ = try DirectStatement("SELECT ?", values, db).step() }
            }
        }
    }

    /// GRDB keeps one compiled statement for a text, so the same one inside itself would lose its place unseen.
    @Test func `refuses to begin anew while it stands on a row`() throws {
        try queue.read { db in
            let sql = "SELECT value FROM json_each(?)"
            let outer = try DirectStatement(sql, ["[1,2]"], db)
            #expect(try outer.step())
            #expect(throws: DatabaseError.self) { _ = try DirectStatement(sql, ["[3]"], db).step() }
            #expect(try outer.step() && outer.row.int(0) == 2)
        }
    }

    @Test func `says what SQLite says, with its extended code`() throws {
        try queue.write { db in
            try DirectStatement("INSERT INTO things (name) VALUES (?)", ["a"], db).run()
            do {
                try DirectStatement("INSERT INTO things (name) VALUES (?)", ["a"], db).run()
                Issue.record("a name stood twice")
            } catch let error as DatabaseError {
                #expect(error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE)
                #expect(
                    error.message == "UNIQUE constraint failed: things.name" && error.sql?.contains("INSERT") == true)
            }
        }
    }

    @Test func `leaves no statement open when its reader throws, so that a transaction can end`() throws {
        struct Refusal: Error {}
        try queue.writeWithoutTransaction { db in
            try db.beginTransaction()
            #expect(throws: Refusal.self) {
                _ = try DirectStatement("SELECT value FROM json_each('[1,2]')", [], db).all { _ in throw Refusal() }
            }
            try db.commit()
            #expect(try DirectStatement("SELECT value FROM json_each('[1,2]')", [], db).all { $0.int(0) } == [1, 2])
        }
    }
}
