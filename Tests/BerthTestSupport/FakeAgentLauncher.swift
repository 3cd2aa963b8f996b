package import BerthCore
import Synchronization

/// Starts and ends agents as processes of a ``FakeProcessTable``, and remembers what it was asked for.
package final class FakeAgentLauncher: AgentLauncher {
    /// A stop that was asked for.
    package struct Stop: Hashable, Sendable {
        package let process: ProcessIdentity
        package let signal: Int32
        package let graceMilliseconds: Int64
    }

    /// What became of a prepared process.
    package enum Phase: Hashable, Sendable {
        case waiting, running, refused, cancelled
    }

    /// A process that was prepared.
    package struct Start: Hashable, Sendable {
        package let order: AgentOrder
        package let process: ProcessIdentity
        package internal(set) var phase: Phase
    }

    private struct State {
        var nextPID: Int32
        var starts: [Start] = []
        var stops: [Stop] = []
        var ends: [ProcessIdentity: AgentEnd] = [:]
        var stubborn: Set<ProcessIdentity> = []
        var orphans: Set<ProcessIdentity> = []
        var refusal: @Sendable (AgentOrder) -> String? = { _ in nil }
        var preparation: @Sendable (AgentOrder) -> BerthError? = { _ in nil }
        var logs: [String: String] = [:]
        var trimmed: [String] = []
        var containerIDs: [String: ContainerID] = [:]
        var containers: [ContainerID: ContainerState] = [:]
        var containerStops: [ContainerID] = []
    }

    private let processes: FakeProcessTable
    private let watch: FakeProcessWatch?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - watch: told of each death at once; nil where the test tells them.
    ///   - firstPID: the first process has this PID, each next one the next number.
    package init(_ processes: FakeProcessTable, watch: FakeProcessWatch? = nil, firstPID: Int32 = 40_000) {
        self.processes = processes
        self.watch = watch
        state = Mutex(State(nextPID: firstPID))
    }

    /// All that was prepared, in order.
    package var starts: [Start] { state.withLock { $0.starts } }
    /// The stops that were asked for, in order.
    package var stops: [Stop] { state.withLock { $0.stops } }
    /// The agents that run now.
    package var running: [Start] { starts.filter { $0.phase == .running && processes.isAlive($0.process) } }
    /// The logs that were trimmed, each time anew.
    package var trimmed: [String] { state.withLock { $0.trimmed } }
    /// The containers that were stopped, in order.
    package var containerStops: [ContainerID] { state.withLock { $0.containerStops } }

    /// Refuses to execute what `why` gives a reason for.
    package func refuse(_ why: @escaping @Sendable (AgentOrder) -> String?) { state.withLock { $0.refusal = why } }

    /// Gives no process for what `why` gives an error for.
    package func failToPrepare(_ why: @escaping @Sendable (AgentOrder) -> BerthError?) {
        state.withLock { $0.preparation = why }
    }

    /// Ends an agent by itself.
    package func end(_ process: ProcessIdentity, as end: AgentEnd = .exited(0)) {
        guard processes.isAlive(process) else { return }
        state.withLock { $0.ends[process] = $0.orphans.contains(process) ? .unknown : end }
        processes.end(process.pid)
        watch?.tellDeaths()
    }

    /// Has an agent ignore every signal but SIGKILL.
    package func ignoreSignals(_ process: ProcessIdentity) { state.withLock { _ = $0.stubborn.insert(process) } }

    /// What a daemon's death does: what waited ends, what runs runs on, and is no child of the next daemon.
    package func loseDaemon() {
        let waiting = state.withLock { state in
            state.ends = [:]
            for start in state.starts where start.phase == .running { state.orphans.insert(start.process) }
            return state.starts.filter { $0.phase == .waiting }.map(\.process)
        }
        for process in waiting { cancel(process) }
    }

    /// Has an agent write to its log.
    package func write(_ text: String, to log: String) { state.withLock { $0.logs[log, default: ""] += text } }

    /// Has a command write its container's id, and the engine say what became of it.
    package func setContainer(_ id: ContainerID, _ now: ContainerState, at cidfile: String) {
        state.withLock { state in
            state.containerIDs[cidfile] = id
            state.containers[id] = now
        }
    }

    package func prepare(_ order: AgentOrder) throws(BerthError) -> any PreparedAgent {
        if let error = state.withLock({ $0.preparation })(order) { throw error }
        let pid = state.withLock { state in
            defer { state.nextPID += 1 }
            return state.nextPID
        }
        let process = processes.start(pid)
        state.withLock { $0.starts.append(Start(order: order, process: process, phase: .waiting)) }
        return FakePreparedAgent(process: process, launcher: self)
    }

    package func stop(_ agent: ProcessIdentity, signal: Int32, graceMilliseconds: Int64) async -> StopOutcome {
        let isStubborn = state.withLock { state in
            state.stops.append(Stop(process: agent, signal: signal, graceMilliseconds: graceMilliseconds))
            return state.stubborn.contains(agent)
        }
        guard processes.isAlive(agent) else { return .gone }
        let killed: Int32 = 9
        end(agent, as: .signalled(isStubborn ? killed : signal))
        return isStubborn ? .killed(1) : .ended
    }

    package func reap(_ agent: ProcessIdentity) -> AgentEnd? {
        if processes.isAlive(agent) { return nil }
        return state.withLock { $0.ends.removeValue(forKey: agent) } ?? .unknown
    }

    package func trimLog(_ path: String) throws(BerthError) { state.withLock { $0.trimmed.append(path) } }

    package func tailOfLog(_ path: String, bytes: Int) throws(BerthError) -> String {
        String(decoding: state.withLock { $0.logs[path] ?? "" }.utf8.suffix(bytes), as: UTF8.self)
    }

    package func readLog(
        _ path: String, behind position: Int64?, maxBytes: Int
    ) throws(BerthError) -> (bytes: [UInt8], end: Int64) {
        let text = Array(try tailOfLog(path, bytes: maxBytes).utf8)
        let first = min(text.count, Int(position ?? 0))
        return (Array(text[first...]), Int64(text.count))
    }

    package func removeLog(_ path: String) throws(BerthError) { state.withLock { $0.logs[path] = nil } }

    package func containerID(at cidfile: String) throws(BerthError) -> ContainerID? {
        state.withLock { $0.containerIDs[cidfile] }
    }

    package func state(of container: AgentContainer) async -> ContainerState {
        state.withLock { $0.containers[container.id] ?? .ended }
    }

    package func stop(_ container: AgentContainer, graceMilliseconds: Int64) async throws(BerthError) {
        state.withLock { state in
            state.containerStops.append(container.id)
            state.containers[container.id] = .ended
        }
    }

    /// - Returns: why it can't be executed.
    fileprivate func begin(_ process: ProcessIdentity) -> String? {
        let (order, refusal) = state.withLock { state in
            (state.starts.last { $0.process == process }?.order, state.refusal)
        }
        let reason = order.flatMap(refusal)
        setPhase(reason == nil ? .running : .refused, of: process)
        if reason != nil { processes.end(process.pid) }
        return reason
    }

    fileprivate func cancel(_ process: ProcessIdentity) {
        setPhase(.cancelled, of: process)
        processes.end(process.pid)
    }

    private func setPhase(_ phase: Phase, of process: ProcessIdentity) {
        state.withLock { state in
            guard let index = state.starts.lastIndex(where: { $0.process == process }) else { return }
            state.starts[index].phase = phase
        }
    }
}

/// A process of a ``FakeAgentLauncher`` that waits. One that is let go of ends.
private final class FakePreparedAgent: PreparedAgent {
    let process: ProcessIdentity
    private let launcher: FakeAgentLauncher
    private let isDecided = Mutex(false)

    init(process: ProcessIdentity, launcher: FakeAgentLauncher) {
        self.process = process
        self.launcher = launcher
    }

    deinit { if decides() { launcher.cancel(process) } }

    func go() async throws(BerthError) {
        guard decides() else { throw BerthError(.internal, "It was told to go, or to end, before.") }
        if let reason = launcher.begin(process) { throw BerthError(.configuration, reason) }
    }

    func cancel() async { if decides() { launcher.cancel(process) } }

    private func decides() -> Bool {
        isDecided.withLock { isDecided in
            defer { isDecided = true }
            return !isDecided
        }
    }
}
