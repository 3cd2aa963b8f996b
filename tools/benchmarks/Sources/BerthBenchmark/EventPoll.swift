import CEpoll
import Glibc

/// An epoll instance (epoll(7)), level-triggered, that tells which connections have something to read.
final class EventPoll {
    private let descriptor: Int32
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// - Parameter capacity: how many connections one wait may find ready.
    init(capacity: Int) throws(BenchmarkError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .system("epoll_create1") }
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        close(descriptor)
        events.deallocate()
    }

    /// Watches a socket until it is closed.
    func watch(_ socket: Int32, key: Int) throws(BenchmarkError) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: UInt64(key)))
        guard epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event) == 0 else { throw .system("epoll_ctl") }
    }

    /// Waits until something can be read or `deadline` has come, and returns how many connections are ready. The
    /// deadline is met to the millisecond, and never early.
    func wait(until deadline: Nanoseconds) throws(BenchmarkError) -> Int {
        let now = Nanoseconds.now
        let milliseconds = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
        let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), Int32(clamping: milliseconds))
        if count < 0, errno != EINTR { throw .system("epoll_wait") }
        return max(0, Int(count))
    }

    /// The key of a connection that the last wait has found ready, by its place among them.
    func readyKey(_ index: Int) -> Int {
        Int(events[index].data.u64)
    }
}
