import BerthCore
import GRDB

/// A block that the audit knows and that covers a port, with the cell that it lies in; see the migration `V003__audit`.
struct CoveringBlock: Hashable, Sendable {
    let cell: Int
    let first: Int
    let count: Int

    /// Every block with a record that covers the port. It takes a look for each, and one for each cell that may hold some:
    /// what is asked of a port costs as little however long its neighbours' history is.
    static func all(covering port: Port, _ db: Database) throws -> [CoveringBlock] {
        // The same first port with a greater count, or the next first port. As one comparison of pairs SQLite would walk
        // through all records that equal it, and seek only behind their beginning.
        let next = try DirectStatement(
            """
            SELECT * FROM (
                SELECT first_port, count FROM audit INDEXED BY audit_cell
                WHERE cell = ?1 AND first_port = ?2 AND count > ?3 ORDER BY count LIMIT 1)
            UNION ALL SELECT * FROM (
                SELECT first_port, count FROM audit INDEXED BY audit_cell
                WHERE cell = ?1 AND first_port > ?2 ORDER BY first_port, count LIMIT 1)
            LIMIT 1
            """, db)
        let port = Int(port.number)
        var found: [CoveringBlock] = []
        for size in try sizes(db) {
            for cell in cells(around: port, size: size) {
                var (first, count) = (port - (1 << size), Int.max)
                while let block = try next.first([cell, first, count], { row in (row.int(0), row.int(1)) }) {
                    (first, count) = block
                    if first > port { break }
                    if first + count > port { found.append(CoveringBlock(cell: cell, first: first, count: count)) }
                }
            }
        }
        return found
    }

    /// Where blocks of a size, as a logarithm, that cover the port may lie: in its own cell and in the one before it.
    static func cells(around port: Int, size: Int) -> [Int] {
        let cell = port >> size
        let own = size * 65_536 + cell
        return size == 0 || cell == 0 ? [own] : [own - 1, own]
    }

    /// The sizes of block that the audit has records of, as logarithms.
    private static func sizes(_ db: Database) throws -> [Int] {
        let look = try DirectStatement(
            "SELECT cell FROM audit INDEXED BY audit_cell WHERE cell >= ? ORDER BY cell LIMIT 1", db)
        var sizes: [Int] = []
        while let cell = try look.first([((sizes.last ?? -1) + 1) * 65_536], { $0.int(0) }) {
            sizes.append(cell / 65_536)
        }
        return sizes
    }
}
