import BerthCore
import GRDB

/// The pools as the last start with a configuration left them in the database.
enum StoredPools {
    /// - Returns: none when no daemon, nor anything else, has opened the database before.
    static func read(_ db: Database) throws -> [Pool] {
        try Row.fetchAll(db, sql: "SELECT * FROM pools ORDER BY name").map { row in
            Pool(
                name: try row.checked("name"), ranges: try blocks(row["ranges"]),
                excluded: Set(try blocks(row["excluded"]).flatMap(\.ports)), maxBlock: row["max_block"],
                defaultTTLSeconds: row["default_ttl_seconds"],
                quarantineSeconds: Double(row["quarantine_ms"] as Int64) / 1000,
                queue: QueuePolicy(rawValue: row["queue"]) ?? .fifo)
        }
    }

    /// Reads what ``PoolReconciliation`` wrote: `20000-20999,25000`.
    private static func blocks(_ text: String) throws -> [PortBlock] {
        try text.split(separator: ",").map { piece in
            let numbers = piece.split(separator: "-").compactMap { Int($0) }
            guard let first = numbers.first.flatMap(Port.init), let last = numbers.last.flatMap(Port.init),
                numbers.count <= 2, let block = PortBlock(first: first, last: last)
            else {
                throw BerthError(.configuration, "The database's pools hold '\(piece)', which is no range of ports.")
            }
            return block
        }
    }
}

extension PortBlock {
    /// Reads `20000-20079,20081`; what is no range is left out.
    static func list(_ text: String) -> [PortBlock] {
        text.split(separator: ",").compactMap { part in
            let ends = part.split(separator: "-").map { UInt16($0).flatMap { Port($0) } }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil else { return nil }
            return PortBlock(first: first, last: last)
        }
    }
}
