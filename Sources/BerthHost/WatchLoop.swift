internal import BerthCore
internal import CBerthLinux
internal import Glibc
internal import Synchronization

/// What a ``LinuxProcessWatch`` and its thread share: the watched processes, and the loop that waits for their ends.
///
/// Each watch has a serial, which is never given twice and is what epoll tells. So an end that epoll told just before
/// its process was forgotten finds nothing, even when the number of its descriptor has gone to another process.
final class WatchLoop: Sendable {
    private final class Watched: Sendable {
        let process: ProcessIdentity
        let pidfd: PIDFD

        init(_ process: ProcessIdentity, _ pidfd: consuming PIDFD) {
            self.process = process
            self.pidfd = pidfd
        }
    }

    private struct State {
        var serials: [ProcessIdentity: UInt64] = [:]
        var watched: [UInt64: Watched] = [:]
        var lastSerial = WatchLoop.stop
        var isOpen = true
        var wakeUps = 0
    }

    /// The token of the event that ends the loop; no watch has it.
    private static let stop: UInt64 = 0

    private let state = Mutex(State())
    private let epoll: Epoll
    private let stopEvent: Int32
    private let maximum: Int

    init(maximum: Int) throws(SystemError) {
        self.maximum = maximum
        epoll = try Epoll()
        stopEvent = berth_event_create()
        guard stopEvent >= 0 else { throw SystemError("eventfd(2)", -stopEvent) }
        do {
            try epoll.add(stopEvent, token: WatchLoop.stop)
        } catch {
            close(stopEvent)
            throw error
        }
    }

    deinit { close(stopEvent) }

    var count: Int { state.withLock { $0.watched.count } }

    /// How often the thread came back from its wait.
    var wakeUps: Int { state.withLock { $0.wakeUps } }

    func isWatching(_ process: ProcessIdentity) -> Bool { state.withLock { $0.serials[process] != nil } }

    /// Watches a process by its pidfd, which is closed with the watch, or at once when there is to be none.
    ///
    /// That the process lives is asked under the lock: its end is told after that, so whoever comes too late for it
    /// can't bring it into the table again, to be told twice.
    func add(_ process: ProcessIdentity, _ pidfd: consuming PIDFD) -> WatchOutcome {
        let new = Watched(process, pidfd)
        return state.withLock { state in
            guard state.isOpen else { return .unwatched }
            guard state.serials[process] == nil else { return .watching }
            guard !new.pidfd.hasEnded else { return .ended }
            guard state.watched.count < maximum else { return .unwatched }
            do {
                try epoll.add(new.pidfd.descriptor, token: state.lastSerial + 1)
            } catch {
                // No memory, or past /proc/sys/fs/epoll/max_user_watches: as good as no descriptor.
                return .unwatched
            }
            state.lastSerial += 1
            state.serials[process] = state.lastSerial
            state.watched[state.lastSerial] = new
            return .watching
        }
    }

    func remove(_ process: ProcessIdentity) {
        // Its descriptor closes with the last reference, after epoll has let go of it.
        _ = state.withLock { state in state.serials[process].flatMap { take($0, from: &state) } }
    }

    /// Tells each end, until ``end()``. A wait that fails ends it too: nothing can be told then, and nothing more is
    /// watched.
    func run(_ tell: (ProcessIdentity) -> Void) {
        while true {
            let tokens: [UInt64]
            do {
                tokens = try wait()
            } catch {
                shut()
                return
            }
            for process in take(tokens) { tell(process) }
            if tokens.contains(WatchLoop.stop) { return }
        }
    }

    /// Waits until a process ends or ``end()`` is called.
    func wait() throws(SystemError) -> [UInt64] { try epoll.wait() }

    /// Takes those out of the table that the tokens of ``wait()`` stand for; those that were forgotten since are gone.
    func take(_ tokens: [UInt64]) -> [ProcessIdentity] {
        let ended = state.withLock { state in
            state.wakeUps += 1
            return tokens.compactMap { take($0, from: &state) }
        }
        return ended.map(\.process)
    }

    /// Makes ``run(_:)`` return, and lets go of all processes. Ends that were told to it before are still told.
    func end() {
        shut()
        // It fails only for a counter at its end, which 2^64 - 1 calls would bring about.
        _ = berth_event_signal(stopEvent)
    }

    private func shut() {
        let dropped = state.withLock { state in
            state.isOpen = false
            return state.watched.keys.compactMap { take($0, from: &state) }
        }
        // Closing the last ones takes the kernel a while when there are thousands; nobody waits for the lock meanwhile.
        withExtendedLifetime(dropped) {}
    }

    private func take(_ serial: UInt64, from state: inout State) -> Watched? {
        guard let found = state.watched.removeValue(forKey: serial) else { return nil }
        state.serials[found.process] = nil
        epoll.remove(found.pidfd.descriptor)
        return found
    }
}
