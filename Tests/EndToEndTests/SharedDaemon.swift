import Glibc
import Synchronization

/// One daemon for all tests that only ask and leave nothing behind.
///
/// It lives as long as the test process; the warden ends it then.
enum SharedDaemon {
    /// - Note: the lock is held while a test uses the daemon, so a `Daemon`, which is no `Sendable`, never meets two
    ///   threads at once.
    private static let shared = Mutex<Holder>(Holder())

    private struct Holder: ~Copyable {
        var daemon: Daemon?
    }

    static func use<Result>(_ body: (Daemon) throws -> Result) throws -> Result {
        try shared.withLock { holder in
            if holder.daemon == nil {
                let daemon = try Daemon()
                try daemon.start()
                holder.daemon = daemon
            }
            guard let daemon = holder.daemon else { throw HarnessError("there is no shared daemon") }
            return try body(daemon)
        }
    }
}
