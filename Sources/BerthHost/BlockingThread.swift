internal import CBerthLinux
internal import Glibc

/// A thread for work that blocks in the kernel: a task would keep one of the few threads that all tasks share.
///
/// It takes no signals, so that those of the process go where somebody expects them.
struct BlockingThread: Sendable {
    private let handle: pthread_t

    /// Carries the work over to the thread.
    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // For top(1) and /proc; a name that is too long changes nothing.
            _ = berth_name_thread(name)
            body()
        }
    }

    /// Starts the work.
    /// - Parameter name: at most 15 bytes (pthread_setname_np(3)).
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(name, body))
        // A thread begins with the mask of the one that made it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, work.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            work.release()
            throw SystemError("pthread_create(3)", result)
        }
        handle = thread
    }

    /// Waits for the end of the work; to be called once.
    func join() { pthread_join(handle, nil) }
}
