package import BerthCore
package import BerthStore

/// Looking things up, each within what the caller may see.
extension LeaseManager {
    /// A lease, ended ones too.
    /// - Throws: `not-found`.
    package func lease(_ id: LeaseID, for caller: Caller) async throws(BerthError) -> Lease {
        guard let lease = try await store.lease(id, for: caller) else {
            throw BerthError(.notFound, "There is no lease \(id).")
        }
        return lease
    }

    /// The caller's leases, an administrator's everybody's.
    package func leases(_ filter: LeaseFilter, for caller: Caller) async throws(BerthError) -> [Lease] {
        var filter = filter
        if !caller.isAdministrator { filter.principal = caller.principal }
        return try await store.leases(filter)
    }

    /// The newest session of that name.
    /// - Throws: `not-found`.
    package func session(_ name: SessionName, for caller: Caller) async throws(BerthError) -> Session {
        guard let session = try await store.session(name, for: caller) else {
            throw BerthError(.notFound, "There is no session \(name).")
        }
        return session
    }

    /// The caller's sessions, an administrator's everybody's, with the row that a next page starts behind.
    package func sessions(
        _ filter: SessionFilter, for caller: Caller
    ) async throws(BerthError) -> [(row: Int64, session: Session)] {
        var filter = filter
        if !caller.isAdministrator { filter.principal = caller.principal }
        return try await store.sessions(filter)
    }

    /// Every pool with how many of its ports are in each state, by name.
    package func poolReports() async throws(BerthError) -> [PoolReport] {
        let figures = try await store.figures()
        return pools.values.sorted { $0.name.rawValue < $1.name.rawValue }.map { pool in
            PoolReport(
                pool: pool, figures: figures[pool.name] ?? PoolFigures(),
                largestFreeBlock: ports.room(in: pool.name).largestFreeBlock, waiting: line.count(in: pool.name))
        }
    }

    /// Both clocks now.
    package func now() -> Moment { clock.now() }

    /// Whether a transaction can be begun for writing.
    /// - Throws: `storage-unavailable`.
    package func checkWritable() async throws(BerthError) { try await store.checkWritable() }

    /// Whether the process that holds a lease still lives, for a lease that is shown.
    package func isAlive(_ process: ProcessIdentity) -> Bool { processes.isAlive(process) }

    /// When a lease's owner started, by the wall clock.
    package func startInstant(of process: ProcessIdentity) -> Instant? { processes.startInstant(of: process) }
}

/// One pool as it is now.
package struct PoolReport: Sendable {
    package let pool: Pool
    package let figures: PoolFigures
    package let largestFreeBlock: Int
    /// How many tickets wait for its ports.
    package let waiting: Int
}
