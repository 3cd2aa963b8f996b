import BerthCore
import Synchronization

/// Lets one piece of work run at a time; the others wait for their turn, in order.
final class OneAtATime: Sendable {
    private struct Line {
        var isBusy = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())

    func run<Value>(_ work: () async throws(BerthError) -> Value) async throws(BerthError) -> Value {
        await enter()
        defer { leave() }
        return try await work()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFirst = line.withLock { line in
                if line.isBusy {
                    line.waiting.append(continuation)
                    return false
                }
                line.isBusy = true
                return true
            }
            if isFirst { continuation.resume() }
        }
    }

    private func leave() {
        let next = line.withLock { line in
            if line.waiting.isEmpty {
                line.isBusy = false
                return nil as CheckedContinuation<Void, Never>?
            }
            return line.waiting.removeFirst()
        }
        next?.resume()
    }
}
