internal import Glibc

/// A thread for work that blocks, which the pool of Swift's tasks must not wait for.
package enum DedicatedThread {
    /// The work, handed over to the thread.
    private final class Job: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a thread of its own; on the caller's when there can be no more threads.
    package static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            let job = Job { continuation.resume(returning: body()) }
            let pointer = Unmanaged.passRetained(job)
            var thread = pthread_t()
            let result = pthread_create(&thread, nil, start, pointer.toOpaque())
            if result == 0 {
                pthread_detach(thread)
            } else {
                pointer.takeRetainedValue().run()
            }
        }
    }

    private static let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { pointer in
        if let pointer { Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
    }
}
