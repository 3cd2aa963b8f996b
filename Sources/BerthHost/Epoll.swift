internal import CBerthLinux
internal import Glibc

/// Waits for many descriptors at once (epoll(7)). Each is told of once, by the token that it was added with.
struct Epoll: ~Copyable, Sendable {
    private let descriptor: Int32

    init() throws(SystemError) {
        descriptor = berth_epoll_create()
        guard descriptor >= 0 else { throw SystemError("epoll_create1(2)", -descriptor) }
    }

    deinit { close(descriptor) }

    /// - Throws: ``SystemError`` when the kernel has no memory for it, or the user's share of watches is used up.
    func add(_ watched: Int32, token: UInt64) throws(SystemError) {
        let result = berth_epoll_add(descriptor, watched, token)
        guard result >= 0 else { throw SystemError("epoll_ctl(2)", -result) }
    }

    /// To be called before the descriptor is closed: a child between fork and exec holds a copy, and epoll would go on
    /// telling of it.
    func remove(_ watched: Int32) {
        let result = berth_epoll_remove(descriptor, watched)
        precondition(result >= 0, "epoll_ctl(2) of a descriptor that was never added: errno \(-result)")
    }

    /// Waits until something is to be told; as many tokens as fit in one go.
    func wait() throws(SystemError) -> [UInt64] {
        var tokens = [UInt64](repeating: 0, count: 64)
        let count = berth_epoll_wait(descriptor, &tokens, Int32(tokens.count))
        guard count >= 0 else { throw SystemError("epoll_wait(2)", -count) }
        return Array(tokens.prefix(Int(count)))
    }
}
