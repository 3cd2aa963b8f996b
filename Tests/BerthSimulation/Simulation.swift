import BerthCore
import BerthLeasing
import BerthStore
import BerthTestSupport
import CFaultVFS

/// A history of one host, driven by a seed: clients, processes, sockets, clocks and the disk, with the daemon stopped,
/// killed and started in between. After every step the rows, memory and the clients' record are compared.
///
/// Everything runs one after the other, so a seed replays exactly.
package final class Simulation {
    package let seed: Int
    package internal(set) var report = SimulationReport()

    var random: SplitMix64
    var host: SimulatedHost
    var daemon: SimulatedDaemon
    var ledger = Ledger()
    var snapshot = Snapshot()
    /// The commits that the snapshot was read after; nil when it must be read anew.
    var snapshotCommits: Int?
    /// What this step came to, for the checks after it.
    var events = StepEvents()
    /// How many sweeps saw a lease that nobody holds any more and that was still active.
    var sweepsSinceAbandoned: [LeaseID: Int] = [:]
    var requests = 0
    private var operations: [String] = []
    private let keptOperations: Int

    /// - Parameter keptOperations: how many of the last operations a failure tells.
    package init(seed: Int, keptOperations: Int = 30) async throws {
        self.seed = seed
        self.keptOperations = keptOperations
        random = SplitMix64(seed: seed)
        host = SimulatedHost()
        daemon = try await SimulatedDaemon.start(on: SimulatedDisk(), host, watched: .max)
        ledger.lastServed = host.now
    }

    /// Runs that many steps, and then lets everybody go: every port must come back.
    /// - Throws: ``SimulationFailure``.
    package func run(steps: Int) async throws {
        do {
            for _ in 0..<steps { try await step() }
            try await wind()
            try daemon.stop()
        } catch let failure as SimulationFailure {
            throw failure
        } catch {
            throw failure("\(error)")
        }
    }

    /// One thing that happens, with the checks after it.
    private func step() async throws {
        report.steps += 1
        events = StepEvents()
        events.lastLease = ledger.lastLease
        let operation = Operation.choose(&random)
        if operation.touchesTheDisk { armFault() }
        try await happen(operation)
        if events.isFaultArmed { try await keepLine() }
        try await recoverFromFault()
        try await keepLine()
        try await check()
        if report.steps % 2000 == 0 { try await checkAudit() }
    }

    /// Lets a call to the disk fail in this step, or the daemon be killed right after its next commit.
    private func armFault() {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<25:
            let call = Int64.random(in: 1...40, using: &random)
            let variant = random.pick([FAULT_ERROR, FAULT_FULL, FAULT_SHORT])
            daemon.disk.fail(call: call, variant)
            events.isFaultArmed = true
            note("the disk call \(call) from here fails, variant \(variant.rawValue)")
        case 25..<35:
            daemon.pulse.setDiesAtCommit(true)
            events.isFaultArmed = true
            note("the daemon is killed after its next commit")
        default: break
        }
    }

    private func recoverFromFault() async throws {
        guard events.isFaultArmed else { return }
        let hasFailed = daemon.disk.hasFailed
        daemon.disk.fail(call: 0)
        daemon.pulse.setDiesAtCommit(false)
        guard daemon.disk.repeatedSyncs == 0 else { throw failure("a file was synced again after a failed sync") }
        events.hasFailed = hasFailed || daemon.pulse.isDead
        if hasFailed { report.storageFaults += 1 }
        guard daemon.pulse.isDead || hasFailed && random.happens(inPercent: 50) else { return }
        events.beforeCrash = StepEvents.Moment(
            time: host.now, deadlines: ledger.claims.compactMapValues(\.deadline), pools: host.pools)
        try await crash()
    }

    // MARK: What is told of a failure

    /// Keeps what happened, for the digest and for a failure.
    func note(_ operation: String) {
        report.mix(operation)
        operations.append("\(report.steps) at \(host.now): \(operation)")
        if operations.count > 2 * keptOperations { operations.removeFirst(operations.count - keptOperations) }
    }

    func failure(_ what: String) -> SimulationFailure {
        SimulationFailure(
            seed: seed, step: report.steps, what: what, operations: operations.suffix(keptOperations))
    }
}

/// What one step came to, as far as the checks after it must know.
struct StepEvents {
    /// How things stood when the daemon was killed: what it did before, it did by these.
    struct Moment {
        let time: Int64
        let deadlines: [LeaseID: Int64]
        let pools: [Pool]
    }

    /// A fault was prepared, whether it came or not.
    var isFaultArmed = false
    /// A call to the disk failed, or the daemon was killed.
    var hasFailed = false
    /// Set when the daemon was killed in the middle of the step.
    var beforeCrash: Moment?
    /// A request that nobody was answered; it may have been done or not.
    var unanswered: String?
    /// Requests that were refused because of the disk: nothing of them may be there.
    var refused: [String] = []
    /// A whole sweep was made, or everything was looked at.
    var hasSwept = false
    var hasReaped = false
    /// The highest lease before this step.
    var lastLease = LeaseID(0)
    /// Leases that were granted in this step.
    var granted: [LeaseID] = []
    /// Leases that their clients ended in this step.
    var released: Set<LeaseID> = []
    /// Tickets whose clients left the line, and sessions that somebody ended.
    var left: Set<TicketID> = []
    var sessionsEnded: Set<SessionName> = []
    /// A daemon was started.
    var hasRestarted = false
    /// Leases may have ended, and sessions with them, that are not there any more to be looked at.
    var mayHaveEndedSessions: Bool { hasRestarted || hasSwept || hasReaped || !released.isEmpty }
}
