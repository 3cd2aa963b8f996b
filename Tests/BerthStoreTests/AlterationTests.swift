import BerthCore
import BerthTestSupport
import FoundationEssentials
import GRDB
import Testing

@testable import BerthStore

/// Somebody with the `sqlite3` shell who drops the triggers and changes one thing.
@Suite struct `An altered database` {
    /// What is found on the file, the way a start and a verification go about it; nil when nothing is.
    private func finding(_ path: String) throws -> String? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { db in
            do {
                try LiveStateCheck(db: db).run()
                let boots = try BootRegistry(reading: db)
                var verifier = try AuditVerifier(db, boots, comparesRows: true)
                _ = try verifier.walk(db, limit: .max)
                try verifier.compare(db)
                try AuditVerifier.checkMark(db)
                return nil
            } catch let fault as AuditVerifier.Fault {
                return fault.says
            } catch let error as BerthError {
                return error.message
            }
        }
    }

    /// A history with all kinds of rows, closed and verified.
    private func history(seed: Int) async throws -> TestStore {
        var history = try await RandomHistory(seed: seed)
        for _ in 0..<250 { try await history.step() }
        #expect(try await history.test.store.verify().problem == nil)
        try history.test.stop()
        return history.test
    }

    /// A copy of the history with one thing changed, without triggers and constraints in the way.
    /// - Returns: nil when SQLite refused the change.
    private func altered(_ path: String, by sql: String, in folder: TemporaryFolder) throws -> String? {
        let copy = folder.file("copy.db")
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + suffix) }
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        let triggers = try queue.read { db in
            try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        }
        let drops = triggers.map { "DROP TRIGGER \($0); " }.joined()
        let answer = try SQLiteShell.run(drops + "PRAGMA ignore_check_constraints = ON; " + sql, on: copy)
        return answer.status == 0 ? copy : nil
    }

    /// Alters copies of the history until so many alterations were made.
    /// - Returns: those that nobody found.
    private func unfound(_ count: Int, _ path: String, seed: Int) throws -> [String] {
        let folder = try TemporaryFolder()
        var alteration = Alteration(seed: seed)
        var (made, refused, unfound) = (0, 0, [String]())
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        while made < count {
            try #require(refused < 2 * count, "SQLite refuses every change")
            var next = alteration
            let sql: String
            (sql, next) = try queue.read { [next] db in
                var next = next
                return (try next.next(db), next)
            }
            alteration = next
            guard let copy = try altered(path, by: sql, in: folder) else {
                refused += 1
                continue
            }
            if try finding(copy) == nil { unfound.append(sql) }
            made += 1
        }
        return unfound
    }

    @Test(arguments: [11, 12, 13, 14])
    func `is found out, whatever was changed`(seed: Int) async throws {
        let test = try await history(seed: seed)
        #expect(try finding(test.path) == nil)
        let unfound = try unfound(250, test.path, seed: seed)
        #expect(unfound == [])
    }

    /// The first bad record that a walk along the chain finds.
    private func firstBad(_ path: String) throws -> Int64? {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { db in
            do {
                var verifier = try AuditVerifier(db, try BootRegistry(reading: db), comparesRows: true)
                _ = try verifier.walk(db, limit: .max)
                try AuditVerifier.checkMark(db)
                return nil
            } catch let fault as AuditVerifier.Fault {
                return fault.seq
            }
        }
    }

    @Test func `names the first bad record`() async throws {
        let test = try await history(seed: 21)
        let folder = try TemporaryFolder()
        let last = try Int(SQLiteShell.run("SELECT max(seq) FROM audit", on: test.path).output.filter(\.isNumber)) ?? 0
        for seq in [1, 2, last / 2, last - 1, last] {
            for (sql, bad) in [
                ("UPDATE audit SET reason = 'another' WHERE seq = \(seq)", seq),
                ("UPDATE audit SET pid = 1 WHERE seq = \(seq)", seq),
                // Nothing follows a last record that is gone; the mark of the last verification tells of it.
                ("DELETE FROM audit WHERE seq = \(seq)", seq == last ? last : seq + 1),
            ] {
                let copy = try #require(try altered(test.path, by: sql, in: folder))
                #expect(try firstBad(copy) == Int64(bad), "\(sql)")
            }
        }
    }
}

/// Changes of one row, from a seed.
private struct Alteration: Sendable {
    private static let tables = ["audit", "audit", "leases", "leases", "agents", "ports", "tickets", "tokens"]
    /// What no record tells of: the key for repeats, and who of a session's tickets holds its slot.
    private static let untold: Set = ["cell", "method", "path", "key", "request_hash", "holds_slot"]

    private var random: SplitMix64

    init(seed: Int) { random = SplitMix64(seed: seed) }

    /// A statement that changes what a row says, adds a row or takes one away.
    mutating func next(_ db: Database) throws -> String {
        let table = random.pick(Self.tables)
        let keys = try String.fetchAll(
            db, sql: "SELECT name FROM pragma_table_info(?) WHERE pk > 0", arguments: [table])
        guard
            let row = try Row.fetchOne(
                db, sql: "SELECT * FROM \(table) LIMIT 1 OFFSET ? % max(1, (SELECT count(*) FROM \(table)))",
                arguments: [Int.random(in: 0..<100_000, using: &random)])
        else { return try next(db) }
        let place = keys.map { "\($0) = \(literal(row[$0]))" }.joined(separator: " AND ")
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return "DELETE FROM \(table) WHERE \(place)"
        case 1: return copy(of: row, in: table, keys)
        case 2 where table == "audit": return try swap(row, db)
        default: return change(of: row, in: table, place)
        }
    }

    private mutating func change(of row: Row, in table: String, _ place: String) -> String {
        let columns = row.columnNames.filter { !Self.untold.contains($0) }
        let column = random.pick(Array(columns))
        let value: DatabaseValue = row[column]
        let other: String =
            switch value.storage {
            case .int64(let number): "\(number + Int64(random.pick([-1, 1, 7, 1000])))"
            case .string(let text): text == "{}" || text.hasPrefix("{") ? "'{\"a\":\"b\"}'" : "'\(text)x'"
            case .blob: "zeroblob(32)"
            case .null, .double: random.pick(["1", "2", "'uid:1000'"])
            }
        return "UPDATE \(table) SET \(column) = \(other) WHERE \(place)"
    }

    private func copy(of row: Row, in table: String, _ keys: [String]) -> String {
        let columns = row.columnNames.filter { $0 != "cell" }
        let values = columns.map { column -> String in
            if column == keys.last { return "(SELECT max(\(column)) + 1 FROM \(table))" }
            return literal(row[column])
        }
        return "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))"
    }

    /// Two records that change places, each with its own hash.
    private func swap(_ row: Row, _ db: Database) throws -> String {
        let seq: Int64 = row["seq"]
        return """
            UPDATE audit SET seq = -1 WHERE seq = \(seq); UPDATE audit SET seq = \(seq) WHERE seq = \(seq + 1);
            UPDATE audit SET seq = \(seq + 1) WHERE seq = -1
            """
    }

    private func literal(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "NULL"
        case .int64(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): "'" + text.replacing("'", with: "''") + "'"
        case .blob(let data): "x'" + data.hexadecimal + "'"
        }
    }
}
