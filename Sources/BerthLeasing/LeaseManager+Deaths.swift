package import BerthCore
import BerthStore
import Logging

/// Deaths of the processes that hold leases or serve on their ports.
extension LeaseManager {
    /// Watches every live process that the rows have. Those that ended while nobody watched are posted as deaths.
    func watchAll() async throws(BerthError) {
        var last = LeaseID(0)
        while true {
            let page = try await store.leasesWithProcesses(after: last, limit: 1000)
            for lease in page { follow(lease) }
            guard page.count == 1000, let id = page.last?.id else { return }
            last = id
        }
    }

    /// Watches the processes of a lease as it stands after a change.
    func follow(_ lease: Lease) {
        inbox.post(watches.note(lease).map { Death($0, .look) })
    }

    /// Records deaths, a bounded number of leases in a transaction, and lets the ports of leases rest that nobody holds
    /// any more.
    /// - Throws: `storage-unavailable`; what was not recorded by then is back in the inbox.
    package func record(_ deaths: [Death]) async throws(BerthError) {
        var left = deaths[...]
        while !left.isEmpty {
            var batch: [(lease: LeaseID, deaths: [Death])] = []
            var taken: [Death] = []
            while let death = left.first, batch.count < Reaper.batch {
                batch += watches.leases(of: death.process).map { ($0, [death]) }
                taken.append(death)
                left.removeFirst()
            }
            do {
                try await record(batch)
            } catch {
                inbox.putBack(taken + left)
                throw error
            }
            for death in taken { watches.bury(death.process) }
        }
    }

    private func record(_ batch: [(lease: LeaseID, deaths: [Death])]) async throws(BerthError) {
        // One process may hold many leases: they too go in bounded pieces.
        var left = batch[...]
        while !left.isEmpty {
            let piece = Array(left.prefix(Reaper.batch))
            left.removeFirst(piece.count)
            for outcome in try await store.recordDeaths(piece, .daemon) { tell(outcome) }
        }
    }

    /// Logs deaths that are durable.
    func tell(_ outcome: DeathOutcome) {
        for exit in outcome.exits {
            logger.debug(
                "process ended",
                metadata: ["lease": "\(outcome.lease.id)", "process": "\(exit.name)", "evidence": "\(exit.evidence)"])
            guard let agent = exit.agent else { continue }
            events.tell([.agentExited(outcome.lease.id, agent, exit.process)])
        }
        guard let ended = outcome.ended else { return }
        logger.info(
            "lease orphaned",
            metadata: [
                "lease": "\(ended.lease)", "block": "\(ended.block)",
                "evidence": "\(outcome.exits.last?.evidence ?? "")",
            ])
    }
}
