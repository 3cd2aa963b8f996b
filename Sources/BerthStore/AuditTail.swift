import Synchronization

/// How far the audit has come on the disk, for those who read it as it grows.
///
/// It holds a number and nothing of the records: each reader fetches what it lacks at its own pace, so that a slow one
/// costs the writer no more than a fast one.
package final class AuditTail: Sendable {
    private struct State {
        var seq: Int64
        var lastWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state: Mutex<State>

    init(seq: Int64) { state = Mutex(State(seq: seq)) }

    /// The last durable record.
    package var seq: Int64 { state.withLock { $0.seq } }

    func advance(to seq: Int64) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard seq > state.seq else { return [] }
            state.seq = seq
            guard !state.waiters.isEmpty else { return [] }
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Returns once there are records behind `seq`, or the task is cancelled.
    package func wait(beyond seq: Int64) async {
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.seq > seq || Task.isCancelled { return true }
                    state.waiters[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }

    /// Returns once there are records behind `seq`, the time is over, or the task is cancelled.
    package func wait(beyond seq: Int64, atMost time: Duration) async {
        await withTaskGroup { group in
            group.addTask { await self.wait(beyond: seq) }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
    }
}
