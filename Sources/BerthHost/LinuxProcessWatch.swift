package import BerthCore
internal import Synchronization

/// Tells of processes' ends by their pidfds, which one thread waits for with epoll (pidfd_open(2), epoll(7)).
///
/// The wait has no timeout: as long as nothing ends, nothing runs, whatever the number of the watched. A process with
/// threads has ended when the last of them has; a zombie has ended.
///
/// An identity is told at most once, also when it is forgotten and watched again, or watched from several threads: once
/// its process has ended, ``watch(_:)`` answers ``WatchOutcome/ended``. Two identities of one process, with its pidfs
/// inode and without, are watched and told each for itself.
package final class LinuxProcessWatch: ProcessWatch {
    package let deaths: AsyncStream<ProcessIdentity>
    private let processes: LinuxProcessTable
    private let loop: WatchLoop
    private let thread: BlockingThread
    private let isClosed = Mutex(false)

    /// Starts the thread.
    /// - Parameter maximumDescriptors: how many processes are watched at most, each with a descriptor of its own.
    /// - Throws: ``BerthError`` with ``ErrorCode/internal`` when there is no descriptor or no thread for it.
    package init(processes: LinuxProcessTable, maximumDescriptors: Int) throws(BerthError) {
        self.processes = processes
        let (stream, continuation) = AsyncStream.makeStream(of: ProcessIdentity.self, bufferingPolicy: .unbounded)
        deaths = stream
        do {
            let loop = try WatchLoop(maximum: maximumDescriptors)
            self.loop = loop
            thread = try BlockingThread(name: "berth-watch") {
                loop.run { continuation.yield($0) }
                continuation.finish()
            }
        } catch {
            throw BerthError(.internal, "The ends of processes can't be watched.", cause: error)
        }
    }

    deinit { close() }

    /// How many processes are watched now.
    package var watchedCount: Int { loop.count }

    /// How often the thread has run, for tests of its idleness.
    var wakeUps: Int { loop.wakeUps }

    /// Begins to watch a process; ``WatchOutcome/unwatched`` also where the PID means nothing here, where `/proc` is
    /// hidden and no inode tells the process apart, past the greatest number of descriptors, and after ``close()``.
    package func watch(_ process: ProcessIdentity) -> WatchOutcome {
        if loop.isWatching(process) { return .watching }
        switch processes.find(process) {
        case .ended: return .ended
        case .untold: return .unwatched
        case .alive(let pidfd):
            // Without a pidfd there is nothing to wait for.
            guard let pidfd else { return .unwatched }
            return loop.add(process, pidfd)
        }
    }

    /// Ends the watch of a process and closes its descriptor; one that is not watched stays so.
    package func forget(_ process: ProcessIdentity) { loop.remove(process) }

    /// Ends all watches and the thread, and finishes ``deaths`` behind those that were seen before. The second time it
    /// does nothing.
    package func close() {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard isFirst else { return }
        loop.end()
        thread.join()
    }
}
