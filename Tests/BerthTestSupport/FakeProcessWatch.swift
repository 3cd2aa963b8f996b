package import BerthCore
import Synchronization

/// A watch over a ``FakeProcessTable``, which tells deaths when the test lets it.
package final class FakeProcessWatch: ProcessWatch {
    private struct State {
        var watched: Set<ProcessIdentity> = []
        var capacity = Int.max
        var willWatch: @Sendable () -> Void = {}
    }

    private let processes: FakeProcessTable
    private let state = Mutex(State())
    package let deaths: AsyncStream<ProcessIdentity>
    private let told: AsyncStream<ProcessIdentity>.Continuation

    package init(_ processes: FakeProcessTable) {
        self.processes = processes
        (deaths, told) = AsyncStream.makeStream()
    }

    /// How many processes it has descriptors for.
    package func limit(to capacity: Int) { state.withLock { $0.capacity = capacity } }

    /// Calls `body` before each look at a process that is to be watched.
    package func willWatch(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.willWatch = body } }

    /// The processes that are watched now.
    package var watched: Set<ProcessIdentity> { state.withLock { $0.watched } }

    package func watch(_ process: ProcessIdentity) -> WatchOutcome {
        state.withLock { $0.willWatch }()
        guard processes.isAlive(process) else { return .ended }
        return state.withLock { state in
            guard state.watched.count < state.capacity || state.watched.contains(process) else { return .unwatched }
            state.watched.insert(process)
            return .watching
        }
    }

    package func forget(_ process: ProcessIdentity) { state.withLock { _ = $0.watched.remove(process) } }

    /// The watched processes that have ended since the last call; each is told once, and watched no more.
    package func takeDeaths() -> [ProcessIdentity] {
        state.withLock { state in
            let dead = state.watched.filter { !processes.isAlive($0) }
            state.watched.subtract(dead)
            return dead.sorted {
                ($0.pid, $0.startTicks, $0.pidfsInode ?? 0) < ($1.pid, $1.startTicks, $1.pidfsInode ?? 0)
            }
        }
    }

    /// Tells those deaths on ``deaths``.
    package func tellDeaths() { for process in takeDeaths() { told.yield(process) } }
}
