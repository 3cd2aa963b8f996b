internal import BerthCore
internal import Glibc

/// Ends an agent with all that it has become. It blocks, and belongs on a ``DedicatedThread``.
///
/// Each process gets its signals through a descriptor of its own, which never comes to mean another one, and not through
/// kill(2) of a group, whose number may. Processes that are made meanwhile are found by looking again until nothing new
/// is there in two looks.
struct AgentStopper {
    private let agent: ProcessIdentity
    private let processes: LinuxProcessTable
    private let children: ChildTable
    private var found: [AgentProcess.Key: AgentProcess] = [:]
    private var killed: Set<AgentProcess.Key> = []

    /// How long processes may take to end that were killed. One that waits for a disk ends when the disk answers.
    private static let patience = Duration.seconds(10)

    init(_ agent: ProcessIdentity, processes: LinuxProcessTable, children: ChildTable) {
        self.agent = agent
        self.processes = processes
        self.children = children
    }

    private var folder: String { processes.access.folder }
    private var living: [AgentProcess] { found.values.filter { !$0.hasEnded(in: folder) } }

    /// Sends the signal, then kills.
    mutating func stop(signal: Int32, grace: Duration) -> StopOutcome {
        guard agent.bootID == processes.bootID else { return .gone }
        // Its number means nothing here.
        guard agent.pidNamespace == processes.namespace else { return .left(1) }
        defer { reap() }
        let deadline = ContinuousClock.now + grace
        if !ask(signal, until: deadline) { return kill(until: ContinuousClock.now + Self.patience) }
        return found.isEmpty ? .gone : .ended
    }

    /// - Returns: whether all have ended by then.
    private mutating func ask(_ signal: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        var emptyLooks = 0
        while emptyLooks < 2 {
            let new = look()
            emptyLooks = new.isEmpty ? emptyLooks + 1 : 0
            for process in new {
                _ = process.send(signal, in: folder)
                // One that is stopped would not hear it.
                if signal != SIGKILL { _ = process.send(SIGCONT, in: folder) }
            }
            guard haveEnded(by: deadline) else { return false }
        }
        return true
    }

    private mutating func kill(until deadline: ContinuousClock.Instant) -> StopOutcome {
        var emptyLooks = 0
        while emptyLooks < 2 {
            // Before the look, which takes longer than it takes to make processes.
            killLiving()
            emptyLooks = look().isEmpty ? emptyLooks + 1 : 0
            killLiving()
            guard haveEnded(by: deadline) else { return .left(living.count) }
        }
        return killed.isEmpty ? .ended : .killed(killed.count)
    }

    private mutating func killLiving() {
        for process in living where process.send(SIGKILL, in: folder) == 0 { killed.insert(process.key) }
    }

    /// Finds processes that were not known.
    private mutating func look() -> [AgentProcess] {
        let family = AgentFamily(agent: agent, access: processes.access)
        let new = family.newMembers(known: Set(found.keys)).compactMap { family.open($0) }
        for process in new { found[process.key] = process }
        return new
    }

    /// Waits for the ends of all that are known.
    private func haveEnded(by deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let living = living
            if living.isEmpty { return true }
            let left = deadline - ContinuousClock.now
            guard left > .zero else { return false }
            AgentProcess.wait(for: living, atMost: left)
        }
    }

    private func reap() {
        // The first process is the table's, which keeps its exit status.
        for process in found.values where process.pid != agent.pid { process.reapIfOurs() }
        children.reap(agent)
    }
}
