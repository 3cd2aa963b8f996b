import Glibc
import Synchronization

/// Threads of their own for blocking clients, which would starve the few threads that tests run on.
final class WorkerThreads: Sendable {
    /// What a thread runs; the thread owns it once it has started.
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private let handles = Mutex<[pthread_t]>([])

    /// Starts threads, numbered from 0.
    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        for number in 0..<count {
            var handle = pthread_t()
            let work = Unmanaged.passRetained(Work { body(number) })
            let result = pthread_create(
                &handle, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                    return nil
                }, work.toOpaque())
            guard result == 0 else {
                work.release()
                throw HarnessError.system("pthread_create", result)
            }
            handles.withLock { $0.append(handle) }
        }
    }

    /// Waits for all of them.
    func join() {
        let handles = handles.withLock { handles in
            defer { handles = [] }
            return handles
        }
        for handle in handles { pthread_join(handle, nil) }
    }
}
