package import BerthCore
import FoundationEssentials
import GRDB
import GRDBSQLite

/// What a database says about itself when somebody asks what is wrong: the whole file, not only the live rows that a
/// start checks. It changes nothing, and a daemon may serve the file meanwhile.
package struct DatabaseExamination: Sendable {
    /// What is wrong, in words, most basic first; empty when nothing is. Later parts are not looked at in a file whose
    /// pages or rows are damaged.
    package private(set) var damage: [String] = []
    /// The migrations that the next start would apply.
    package private(set) var pendingMigrations: [String] = []
    /// How many audit records follow from each other.
    package private(set) var auditRecords = 0
    /// The instant of the newest audit record.
    package private(set) var newestRecord: Instant?
    /// The pools of the last start, by name; nil when they could not be read.
    package private(set) var pools: [Pool]?
    /// Every port that is not free.
    package private(set) var states: [Port: PortState] = [:]

    /// SQLite's version as text, and as the number that its source defines (3.51.3 is 3051003).
    package static var sqliteVersion: (text: String, number: Int) {
        (String(cString: sqlite3_libversion()), Int(sqlite3_libversion_number()))
    }

    /// Examines a file.
    /// - Parameter isServed: whether a daemon holds the database's lock.
    /// - Returns: nil when there is no database yet.
    /// - Throws: ``ErrorCode/configuration`` when it cannot be read, is no database of Berth's, or a newer Berth's.
    package static func read(_ path: String, isServed: Bool) throws(BerthError) -> DatabaseExamination? {
        let file = UntouchedDatabase(path: path)
        do {
            guard try DatabaseFile.hasContents(path) else { return nil }
            let stamp = file.stamp
            let way = try file.way(isServed: isServed)
            let found = try examine(file, way)
            // A daemon that started in between wrote under a reader that believed the file to stand still.
            guard way == .alone, file.stamp != stamp else { return found }
            return try examine(file, try file.way(isServed: true))
        } catch let error as BerthError {
            throw error
        } catch {
            throw BerthError(
                .configuration, "The database \(path) cannot be read: \(DatabaseFile.reason(error)).", cause: error)
        }
    }

    /// Looks at pages first, then at rows each by itself, then at rows together: what is damaged below is no ground for
    /// words about what stands above.
    private static func examine(_ file: UntouchedDatabase, _ way: UntouchedDatabase.Way) throws -> DatabaseExamination {
        var found = DatabaseExamination()
        do {
            try file.read(way) { db in try found.examinePages(db) }
            // The schema of an older Berth lacks what the next steps look at.
            guard found.damage.isEmpty, found.pendingMigrations.isEmpty else { return found }
            found.damage = try ConstraintCheck(file: file, way: way).run()
            guard found.damage.isEmpty else { return found }
            try file.read(way) { db in try found.examineRows(db) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            found.damage.append(DatabaseFile.reason(error))
        }
        return found
    }

    private init() {}

    private mutating func examinePages(_ db: Database) throws {
        pendingMigrations = try Migrator().pending(db).map(\.name)
        let answers = try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
        damage = answers == ["ok"] ? [] : answers
    }

    private mutating func examineRows(_ db: Database) throws {
        damage += try Self.lostReferences(db)
        do {
            try LiveStateCheck(db: db).run()
        } catch let error as BerthError {
            damage.append(error.message)
        }
        // What the live rows break already is told in better words.
        if damage.isEmpty { try examineAudit(db) }
        newestRecord = try Int64.fetchOne(db, sql: "SELECT max(at) FROM audit").map(Instant.init(milliseconds:))
        pools = try Row.fetchAll(db, sql: "SELECT * FROM pools ORDER BY name").map { try $0.pool() }
        for row in try Row.fetchAll(db, sql: "SELECT port, state FROM ports WHERE state <> 'free'") {
            states[try row.port("port")] = PortState(rawValue: row["state"])
        }
    }

    private mutating func examineAudit(_ db: Database) throws {
        do {
            var verifier = try AuditVerifier(db, try BootRegistry(reading: db), comparesRows: true)
            defer { auditRecords = verifier.checked }
            while try verifier.walk(db, limit: 4096) {}
            try verifier.compare(db)
        } catch let fault as AuditVerifier.Fault {
            damage.append("audit: \(fault.says)")
        } catch let error as BerthError {
            damage.append("audit: \(error.message)")
        }
    }

    /// Rows that refer to none; a shell opens databases with foreign keys switched off.
    private static func lostReferences(_ db: Database) throws -> [String] {
        try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(20).map { row in
            let number = (row["rowid"] as Int64?).map { " row \($0)" } ?? ""
            return "\(row["table"] as String)\(number) refers to a row of \(row["parent"] as String) that is not there"
        }
    }
}

extension Row {
    /// A row of `pools`.
    fileprivate func pool() throws -> Pool {
        Pool(
            name: try checked("name"), ranges: PortBlock.list(self["ranges"]),
            excluded: Set(PortBlock.list(self["excluded"]).flatMap(\.ports)), maxBlock: self["max_block"],
            defaultTTLSeconds: self["default_ttl_seconds"],
            quarantineSeconds: Double(self["quarantine_ms"] as Int64) / 1000,
            queue: QueuePolicy(rawValue: self["queue"]) ?? .fifo)
    }
}
