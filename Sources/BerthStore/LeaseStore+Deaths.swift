package import BerthCore
import GRDB

/// Deaths of the processes that hold leases or serve on their ports.
extension LeaseStore {
    /// Notes that processes of leases have ended, in one transaction; leases that nobody holds any more are orphaned.
    ///
    /// The rows decide: a lease that has ended, or a process that the lease no longer has, is passed over.
    /// - Parameter isRehearsal: everything is done and then undone, so that the answer is what would have been.
    /// - Returns: what changed, lease by lease.
    package func recordDeaths(
        _ deaths: [(lease: LeaseID, deaths: [Death])], isRehearsal: Bool = false, _ context: ChangeContext
    ) async throws(BerthError) -> [DeathOutcome] {
        try await queue.submit(as: .housekeeping) { transaction in
            let outcomes: [DeathOutcome] = try deaths.compactMap { id, deaths in
                guard let lease = try lease(id, transaction.db), case .active = lease.state else { return nil }
                let outcome = try transaction.note(deaths, of: lease, context, self)
                return outcome.exits.isEmpty ? nil : outcome
            }
            if isRehearsal { throw Undo(answer: outcomes) }
            return outcomes
        }
    }

    /// Active leases that have live processes, as far as the rows know, ascending by id: what a watch is made from.
    /// - Parameter after: the lease that the page starts behind.
    package func leasesWithProcesses(after: LeaseID, limit: Int) async throws(BerthError) -> [Lease] {
        try await read { db in
            try fetchLeases(
                """
                leases.state = 'active' AND leases.id > ? AND (
                    (leases.owner_pid IS NOT NULL AND leases.owner_exited_at IS NULL)
                    OR EXISTS (SELECT 1 FROM agents WHERE lease_id = leases.id AND state = 'running'))
                ORDER BY leases.id LIMIT ?
                """, [after.number, limit], db)
        }
    }

    /// Processes of earlier boots are gone, and with them the leases that they held.
    func recordReboot(_ transaction: WriteTransaction, _ context: ChangeContext) throws {
        let leases = try fetchLeases(
            """
            leases.state = 'active' AND (
                (leases.owner_boot <> ?1 AND leases.owner_exited_at IS NULL)
                OR EXISTS (
                    SELECT 1 FROM agents WHERE lease_id = leases.id AND state = 'running' AND process_boot <> ?1))
            """, [boots.current], transaction.db)
        let current = try boots.boot(boots.current)
        for lease in leases {
            let dead = lease.liveProcesses.filter { $0.bootID != current }
            _ = try transaction.note(dead.map { Death($0, .reboot) }, of: lease, context, self)
        }
    }
}
