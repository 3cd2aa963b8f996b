import BerthCore
import Synchronization

/// Which processes are watched on behalf of which leases.
///
/// Memory may know too much (a process that its lease no longer has), never too little: every live process of every
/// active lease is here. The rows decide what a death means.
final class WatchList: Sendable {
    fileprivate struct Entries {
        var leases: [ProcessIdentity: Set<LeaseID>] = [:]
        var processes: [LeaseID: Set<ProcessIdentity>] = [:]
        /// Those whose death nobody will tell.
        var unwatched: Set<ProcessIdentity> = []
        /// Those that the present round of looks has still to come to.
        var watchedRound: [ProcessIdentity] = []
        var unwatchedRound: [ProcessIdentity] = []
    }

    private let watch: any ProcessWatch
    private let entries = Mutex(Entries())

    init(watch: any ProcessWatch) { self.watch = watch }

    /// Watches the live processes of an active lease, beside those that were noted for it before.
    /// - Returns: those that have ended already, whose deaths nobody else will tell.
    func note(_ lease: Lease) -> [ProcessIdentity] {
        guard case .active = lease.state else { return [] }
        let live = lease.liveProcesses
        guard !live.isEmpty else { return [] }
        return entries.withLock { entries in
            live.filter { process in
                entries.processes[lease.id, default: []].insert(process)
                let isNew = entries.leases[process] == nil
                entries.leases[process, default: []].insert(lease.id)
                guard isNew else { return false }
                switch watch.watch(process) {
                case .watching: return false
                case .ended: return true
                case .unwatched:
                    entries.unwatched.insert(process)
                    return false
                }
            }
        }
    }

    /// The lease has ended: what is watched for it alone is watched no more.
    func forget(_ lease: LeaseID) {
        entries.withLock { entries in
            for process in entries.processes.removeValue(forKey: lease) ?? [] {
                entries.leases[process]?.remove(lease)
                if entries.leases[process]?.isEmpty == true { entries.drop(process, watch) }
            }
        }
    }

    /// The leases that a process holds or serves, ascending.
    func leases(of process: ProcessIdentity) -> [LeaseID] {
        entries.withLock { $0.leases[process, default: []].sorted() }
    }

    /// The process has ended, and that is recorded.
    func bury(_ process: ProcessIdentity) {
        entries.withLock { entries in
            for lease in entries.leases[process] ?? [] {
                entries.processes[lease]?.remove(process)
                if entries.processes[lease]?.isEmpty == true { entries.processes[lease] = nil }
            }
            entries.drop(process, watch)
        }
    }

    /// How many processes are watched by event, and how many have to be looked at.
    var counts: (watched: Int, unwatched: Int) {
        entries.withLock { ($0.leases.count - $0.unwatched.count, $0.unwatched.count) }
    }

    /// The next processes to look at: each call goes on where the last one ended, round after round.
    func nextToLookAt(unwatched: Int, watched: Int) -> [ProcessIdentity] {
        entries.withLock { entries in
            if entries.unwatchedRound.isEmpty { entries.unwatchedRound = inOrder(entries.unwatched) }
            if entries.watchedRound.isEmpty { entries.watchedRound = inOrder(entries.leases.keys) }
            let next =
                entries.unwatchedRound.suffix(unwatched)
                + entries.watchedRound.suffix(watched).filter { !entries.unwatched.contains($0) }
            entries.unwatchedRound.removeLast(min(unwatched, entries.unwatchedRound.count))
            entries.watchedRound.removeLast(min(watched, entries.watchedRound.count))
            return next.filter { entries.leases[$0] != nil }
        }
    }
}

/// One order for the same processes, whatever their hashes are in this run: a seed must replay.
private func inOrder(_ processes: some Sequence<ProcessIdentity>) -> [ProcessIdentity] {
    processes.sorted {
        ($0.pid, $0.startTicks, $0.pidfsInode ?? 0) < ($1.pid, $1.startTicks, $1.pidfsInode ?? 0)
    }
}

extension WatchList.Entries {
    fileprivate mutating func drop(_ process: ProcessIdentity, _ watch: any ProcessWatch) {
        leases[process] = nil
        if unwatched.remove(process) == nil { watch.forget(process) }
    }
}
