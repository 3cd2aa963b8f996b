internal import BerthCore
internal import Glibc
internal import Synchronization

/// The agents' processes that are children of this daemon, which alone hears how they ended.
///
/// A number is waited for only as long as it stands for a child that was not reaped: no other process can have it then.
final class ChildTable: Sendable {
    private struct Child {
        let process: ProcessIdentity
        /// Known once it is reaped.
        var end: AgentEnd?
    }

    private let children = Mutex<[Int32: Child]>([:])

    /// Takes in a child that was just started.
    func add(_ process: ProcessIdentity) {
        children.withLock { $0[process.pid] = Child(process: process, end: nil) }
    }

    /// Takes a child's exit status, which stays to be told.
    /// - Returns: whether it was a child of ours and has ended.
    @discardableResult
    func reap(_ process: ProcessIdentity) -> Bool {
        children.withLock { children in
            guard let child = children[process.pid], child.process.isSameProcess(as: process) else { return false }
            if child.end != nil { return true }
            guard let end = Self.wait(for: process.pid) else { return false }
            children[process.pid]?.end = end
            return true
        }
    }

    /// How a child ended, told once; nil for one that lives, ``AgentEnd/unknown`` for what is no child of ours.
    func takeEnd(of process: ProcessIdentity) -> AgentEnd? {
        let isOurs = children.withLock { $0[process.pid]?.process.isSameProcess(as: process) ?? false }
        guard isOurs else { return .unknown }
        guard reap(process) else { return nil }
        return children.withLock { children in
            guard let child = children[process.pid], child.process.isSameProcess(as: process) else { return .unknown }
            children[process.pid] = nil
            return child.end ?? .unknown
        }
    }

    private static func wait(for pid: Int32) -> AgentEnd? {
        var status: Int32 = 0
        var result: pid_t = 0
        repeat { result = waitpid(pid, &status, WNOHANG) } while result < 0 && errno == EINTR
        if result == 0 { return nil }
        // Somebody else took it: a daemon that was started with SIGCHLD ignored has the kernel do so.
        guard result == pid else { return .unknown }
        // The layout of a wait status (<bits/waitstatus.h>), whose macros don't reach Swift.
        return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}
