package import BerthCore
import Synchronization

/// A host's processes, which start and end when a test says so.
///
/// A PID may be used again: the new process has other start ticks, so it is another process.
package final class FakeProcessTable: ProcessTable {
    private struct Life {
        let identity: ProcessIdentity
        let user: UInt32
        let startedAt: Instant
    }

    private struct State {
        var lives: [Int32: Life] = [:]
        var nextTicks: UInt64 = 1
        var nextInode: UInt64 = 1_001
    }

    /// The PID namespace of every process.
    package static let namespace: UInt64 = 4_026_531_836

    private let clock: any HostClock
    private let state = Mutex(State())

    package init(clock: any HostClock) { self.clock = clock }

    /// Starts a process with this PID, in place of the one that had it.
    /// - Parameter isInFormersTick: whether it starts in the same clock tick as the one that had the PID; only the pidfs
    ///   inode tells them apart then.
    @discardableResult
    package func start(_ pid: Int32, user: UInt32 = 1000, isInFormersTick: Bool = false) -> ProcessIdentity {
        let now = clock.now()
        return state.withLock { state in
            let former = isInFormersTick ? state.lives[pid]?.identity.startTicks : nil
            let identity = ProcessIdentity(
                bootID: now.bootID, pidNamespace: Self.namespace, pid: pid, startTicks: former ?? state.nextTicks,
                pidfsInode: state.nextInode)
            state.nextTicks += 1
            state.nextInode += 1
            state.lives[pid] = Life(identity: identity, user: user, startedAt: now.wall)
            return identity
        }
    }

    /// Ends the process with this PID.
    package func end(_ pid: Int32) { state.withLock { $0.lives[pid] = nil } }

    package func identify(_ pid: Int32) -> ProcessIdentity? { state.withLock { $0.lives[pid]?.identity } }

    package func isAlive(_ process: ProcessIdentity) -> Bool {
        state.withLock { $0.lives[process.pid]?.identity.isSameProcess(as: process) ?? false }
    }

    package func user(of pid: Int32) -> UInt32? { state.withLock { $0.lives[pid]?.user } }

    package func startInstant(of process: ProcessIdentity) -> Instant? {
        state.withLock { state in
            state.lives[process.pid].flatMap { $0.identity.isSameProcess(as: process) ? $0.startedAt : nil }
        }
    }
}
