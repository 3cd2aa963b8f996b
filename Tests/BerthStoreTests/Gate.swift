import BerthStore
import BerthTestSupport
import Dispatch
import Synchronization
import Testing

/// Holds the writing connection in a change of its own, so that a test can line changes up behind it.
final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let isReached = Mutex(false)

    /// Returns once the writing connection waits at the gate.
    static func closed(on store: LeaseStore) async throws -> Gate {
        let gate = Gate()
        Task { try await store.queue.submit { _ in gate.wait() } }
        try #require(await eventually { gate.isReached.withLock { $0 } })
        return gate
    }

    /// Lets the writing connection go on.
    func open() { opened.signal() }

    /// Starts the tasks one after the other; each has submitted its change before the next one starts, because an
    /// immediate task runs on its caller's thread until it first waits.
    func inOrder<Value: Sendable>(
        count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
    ) -> [Task<Value, any Error>] {
        (0..<count).map { number in Task.immediate { try await body(number) } }
    }

    private func wait() {
        isReached.withLock { $0 = true }
        // A test that failed before it opened the gate must not hang.
        _ = opened.wait(timeout: .now() + 30)
    }
}
