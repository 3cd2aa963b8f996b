package import BerthCore
package import GRDB

/// The boots that the database knows, by row: loaded once at start, when the present one is added.
package struct BootRegistry: Sendable {
    /// The row of the boot that this process runs in.
    package let current: Int64
    private let boots: [Int64: BootID]
    private let rows: [BootID: Int64]

    /// Adds the present boot where it is missing.
    package init(_ db: Database, current: BootID) throws {
        try db.execute(
            sql: "INSERT INTO boots (boot_id) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM boots WHERE boot_id = ?1)",
            arguments: [current.description])
        (boots, rows) = try Self.read(db)
        guard let row = rows[current] else {
            throw BerthError(.internal, "The present boot could not be recorded.")
        }
        self.current = row
    }

    /// The boots as they are, for somebody who only reads.
    init(reading db: Database) throws {
        (boots, rows) = try Self.read(db)
        current = 0
    }

    private static func read(_ db: Database) throws -> (boots: [Int64: BootID], rows: [BootID: Int64]) {
        var (boots, rows): ([Int64: BootID], [BootID: Int64]) = ([:], [:])
        for row in try Row.fetchAll(db, sql: "SELECT id, boot_id FROM boots") {
            boots[row["id"]] = BootID(row["boot_id"])
            rows[BootID(row["boot_id"])] = row["id"]
        }
        return (boots, rows)
    }

    /// The boot of a row.
    func boot(_ row: Int64) throws -> BootID {
        guard let boot = boots[row] else { throw BerthError(.internal, "Row \(row) of boots is missing.") }
        return boot
    }

    /// The row of a boot: the present one's, or one that was seen before.
    func row(_ boot: BootID) throws -> Int64 {
        guard let row = rows[boot] else { throw BerthError(.internal, "The boot \(boot) was never recorded.") }
        return row
    }
}
