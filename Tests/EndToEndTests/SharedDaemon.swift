/// A daemon for one test that only asks.
enum SharedDaemon {
    /// Starts a daemon for `body` and ends it afterwards.
    static func use<Result>(_ body: (Daemon) throws -> Result) throws -> Result {
        let daemon = try Daemon()
        try daemon.start()
        return try body(daemon)
    }
}
