import BerthCore
import BerthStore
import GRDB

/// The live rows at one moment.
struct Snapshot {
    var ports: [PortRecord] = []
    var leases: [Lease] = []
    /// The waiting ones.
    var tickets: [Ticket] = []

    static func read(_ store: LeaseStore) async throws -> Snapshot {
        var filter = LeaseFilter()
        filter.limit = .max
        return Snapshot(
            ports: try await store.allPorts(), leases: try await store.leases(filter),
            tickets: try await store.waitingTickets(limit: .max))
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

    /// Walks along the whole audit and builds the rows from it; nil when they are the rows that are there.
    static func auditProblem(_ store: LeaseStore) async throws -> String? {
        try await store.verify(remembers: false).problem
    }
}
