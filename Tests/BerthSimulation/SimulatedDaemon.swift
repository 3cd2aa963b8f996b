import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import Logging
import Synchronization

/// One life of the daemon: the store, the manager and the reaper, from a start to a stop or a crash.
struct SimulatedDaemon {
    /// Fewer sessions than clients use names, so that both gates of the line matter.
    static let limits = Limits(maxSessions: 6)

    let disk: SimulatedDisk
    let watch: FakeProcessWatch
    let pulse: Pulse
    let store: LeaseStore
    let manager: LeaseManager
    let reaper: Reaper

    /// - Parameter watched: how many processes it has descriptors for.
    static func start(on disk: SimulatedDisk, _ host: SimulatedHost, watched: Int) async throws -> SimulatedDaemon {
        let watch = FakeProcessWatch(host.processes)
        watch.limit(to: watched)
        let pulse = Pulse(disk)
        let store = try await LeaseStore.open(
            DatabaseFile(path: disk.path),
            LeaseStore.Setup(
                pools: host.pools, limits: limits, clock: host.clock, processes: host.processes, observer: pulse,
                unknownOutcome: { _ in pulse.die() }))
        let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        let manager = try await LeaseManager(
            store: store, probe: host.probe, processes: host.processes, watch: watch, clock: host.clock,
            logger: logger)
        return SimulatedDaemon(
            disk: disk, watch: watch, pulse: pulse, store: store, manager: manager,
            reaper: Reaper(manager: manager, logger: logger))
    }

    /// Closes the database in order.
    func stop() throws {
        store.queue.close()
        try store.file.close()
    }

    /// Ends the daemon where it stands, and returns the disk as the next one finds it.
    func crash() throws -> SimulatedDisk {
        disk.switchOff()
        let left = try disk.copied()
        store.queue.close()
        do {
            try store.file.close()
        } catch {
            // A disk that is off lets nothing be closed well; the copy is what counts.
        }
        return left
    }
}

/// Whether the daemon lives, and how often it committed.
final class Pulse: CommitObserver {
    private struct State {
        var commits = 0
        var isDead = false
        var diesAtCommit = false
    }

    private let disk: SimulatedDisk
    private let state = Mutex(State())

    init(_ disk: SimulatedDisk) { self.disk = disk }

    func committed(changes: Int, duration: Duration) {
        let dies = state.withLock { state in
            state.commits += 1
            return state.diesAtCommit
        }
        if dies { die() }
    }

    /// The process ends here: nobody hears of anything that it says later.
    func die() {
        state.withLock { $0.isDead = true }
        disk.switchOff()
    }

    /// Lets the daemon be killed right after its next commit, before anybody is answered; or no more.
    func setDiesAtCommit(_ dies: Bool) { state.withLock { $0.diesAtCommit = dies } }

    var isDead: Bool { state.withLock { $0.isDead } }
    var commits: Int { state.withLock { $0.commits } }
}
