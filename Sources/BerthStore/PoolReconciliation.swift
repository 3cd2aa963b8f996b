package import BerthCore
import FoundationEssentials
import GRDB

/// Brings the rows of pools and ports to the configuration, at a start.
///
/// A port that left every pool keeps its lease to the end; without one its row goes. A new port comes in free.
struct PoolReconciliation {
    let store: LeaseStore
    let transaction: WriteTransaction
    let context: ChangeContext

    func run() throws {
        for pool in store.pools.values.sorted(by: { $0.name.rawValue < $1.name.rawValue }) { try write(pool) }
        try reconcilePorts()
        for row in try transaction.rows("SELECT name FROM pools") {
            let name: PoolName = try row.checked("name")
            guard store.pools[name] == nil else { continue }
            try transaction.execute("DELETE FROM pools WHERE name = ?", [name.rawValue])
            try audit(name, reason: "no longer configured", layout: nil)
        }
    }

    private func write(_ pool: Pool) throws {
        let ranges = pool.ranges.map(\.description).joined(separator: ",")
        let excluded = PortBlock.runs(of: pool.excluded.sorted()).map(\.description).joined(separator: ",")
        let before = try transaction.row("SELECT * FROM pools WHERE name = ?", [pool.name.rawValue])
        let isSame =
            before.map { row in
                row["ranges"] == ranges && row["excluded"] == excluded && row["max_block"] == pool.maxBlock
                    && row["default_ttl_seconds"] == pool.defaultTTLSeconds
                    && row["quarantine_ms"] == Int64(pool.quarantineSeconds * 1000)
                    && row["queue"] == pool.queue.rawValue
            } ?? false
        guard !isSame else { return }
        try transaction.execute(
            """
            INSERT INTO pools
                (name, ranges, excluded, max_block, default_ttl_seconds, quarantine_ms, next_port, queue)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET ranges = excluded.ranges, excluded = excluded.excluded,
                max_block = excluded.max_block, default_ttl_seconds = excluded.default_ttl_seconds,
                quarantine_ms = excluded.quarantine_ms, queue = excluded.queue
            """,
            [
                pool.name.rawValue, ranges, excluded, pool.maxBlock, pool.defaultTTLSeconds,
                Int64(pool.quarantineSeconds * 1000), Int(pool.ranges.first?.first.number ?? 1), pool.queue.rawValue,
            ])
        try audit(
            pool.name, reason: before == nil ? "configured as \(ranges)" : "changed to \(ranges)",
            layout: AuditDetails.Layout(
                ranges: ranges, excluded: excluded, maxBlock: pool.maxBlock, defaultTTL: Int(pool.defaultTTLSeconds),
                quarantine: Int64(pool.quarantineSeconds * 1000),
                queue: pool.queue == .fifo ? nil : pool.queue.rawValue))
    }

    private func reconcilePorts() throws {
        var wanted: [Port: PoolName] = [:]
        for pool in store.pools.values {
            for port in pool.ports { wanted[port] = pool.name }
        }
        for row in try transaction.rows("SELECT port, pool, lease_id FROM ports") {
            let port = try row.port("port")
            let isLeased = (row["lease_id"] as Int64?) != nil
            let pool = wanted.removeValue(forKey: port)
            if let pool {
                guard row["pool"] as String? != pool.rawValue else { continue }
                try transaction.execute(
                    "UPDATE ports SET pool = ? WHERE port = ?", [pool.rawValue, Int(port.number)])
            } else if isLeased {
                try transaction.execute("UPDATE ports SET pool = NULL WHERE port = ?", [Int(port.number)])
            } else {
                try transaction.execute("DELETE FROM ports WHERE port = ?", [Int(port.number)])
            }
        }
        for (port, pool) in wanted.sorted(by: { $0.key < $1.key }) {
            try transaction.execute(
                "INSERT INTO ports (port, pool, state) VALUES (?, ?, 'free')", [Int(port.number), pool.rawValue])
        }
    }

    private func audit(_ pool: PoolName, reason: String, layout: AuditDetails.Layout?) throws {
        var entry = context.entry(.poolChanged, reason: reason)
        entry.pool = pool
        entry.details.pool = layout
        try transaction.audit(entry)
    }
}

extension LeaseStore {
    /// Where next fit goes on in each pool.
    package func nextPorts() async throws(BerthError) -> [PoolName: Int] {
        try await read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT name, next_port FROM pools")
            return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.checked("name"), $0["next_port"]) })
        }
    }
}
