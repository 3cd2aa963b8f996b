import BerthCore
import BerthStore
import GRDB

/// The live rows at one moment.
struct Snapshot {
    var ports: [PortRecord] = []
    var leases: [Lease] = []

    static func read(_ store: LeaseStore) async throws -> Snapshot {
        var filter = LeaseFilter()
        filter.limit = .max
        return Snapshot(ports: try await store.allPorts(), leases: try await store.leases(filter))
    }

    /// The leases that the audit names under a request; nil when it has nothing of that request.
    static func leases(ofRequest id: String, _ store: LeaseStore) async throws -> Set<LeaseID>? {
        let rows = try await store.file.readers.read { db in
            // A request's records are among the last ones.
            try Row.fetchAll(
                db,
                sql: """
                    SELECT lease_id FROM audit
                    WHERE seq > (SELECT max(seq) FROM audit) - 500 AND request_id = ?
                    """, arguments: [id]
            ).map { $0["lease_id"] as Int64? }
        }
        return rows.isEmpty ? nil : Set(rows.compactMap { $0.map(LeaseID.init) })
    }

    /// Walks along the whole audit; nil when every record follows from the one before it, else the first that does not.
    static func firstBrokenAuditRecord(_ store: LeaseStore) async throws -> Int64? {
        try await store.file.readers.read { try AuditChain.verify($0).firstBad }
    }
}
