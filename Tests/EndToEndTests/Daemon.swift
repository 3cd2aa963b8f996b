import Glibc

/// A daemon with a folder, database, socket, TCP port, token and pool of its own.
final class Daemon {
    /// How it differs from the usual.
    struct Setup {
        /// Ports of the pool `default`.
        var poolSize = 60
        /// The values of --pool; nil for `default` of that size.
        var pools: [String]?
        var quarantine = "0.3"
        var listen: String? = "127.0.0.1:0"
        var extra: [String] = []
        /// A command that runs the daemon's.
        var wrapper: [String] = []
    }

    let folder: TemporaryFolder
    /// The ports of the pool `default`.
    let range: ClosedRange<Int>
    var setup: Setup
    private(set) var process: ChildProcess?
    private(set) var tcpPort = 0
    private var starts = 0

    init(_ setup: Setup = Setup()) throws {
        self.setup = setup
        range = try PortRanges.take(setup.poolSize)
        folder = try TemporaryFolder()
    }

    var database: String { folder.file("berth.db") }
    var socketPath: String { folder.file("berth.sock") }
    var tokenFile: String { folder.file("token") }
    var unix: Endpoint { .unix(socketPath) }
    var tcp: Endpoint { .tcp("127.0.0.1", tcpPort) }
    var low: Int { range.lowerBound }

    /// What was logged since the last start.
    var log: String { process.map { $0.errors + $0.output } ?? "" }

    var token: String {
        String(TemporaryFolder.text(tokenFile).filter { !$0.isWhitespace })
    }

    func command() throws -> [String] {
        var command = setup.wrapper
        command += [
            try BinaryUnderTest.path(), "serve", "--database", database, "--socket", socketPath, "--token-file",
            tokenFile, "--listen", setup.listen ?? "none", "--quarantine", setup.quarantine,
        ]
        for pool in setup.pools ?? ["default=\(range.lowerBound)-\(range.upperBound)"] { command += ["--pool", pool] }
        return command + setup.extra
    }

    /// Starts it without waiting for anything.
    func launch() throws -> ChildProcess {
        starts += 1
        // Nothing of the user's own configuration may reach it.
        let environment = [
            "HOME": folder.path, "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin",
        ]
        let child = try ChildProcess(try command(), environment: environment, log: folder.file("log-\(starts)"))
        process = child
        return child
    }

    /// Starts it and waits until it takes work.
    func start(within seconds: Double = 30) throws {
        let child = try launch()
        let isReady = try becomesTrue(within: seconds) {
            if let end = try child.status() { throw HarnessError("the daemon ended at once, \(end): \(log)") }
            if setup.listen != nil {
                guard let port = announcedPort() else { return false }
                tcpPort = port
            }
            return (try? call("GET", "/readyz"))?.status == 200
        }
        guard isReady else { throw HarnessError("the daemon is not ready after \(seconds) s: \(log)") }
    }

    /// Ends it in order.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM, within seconds: Double = 8) throws -> ChildProcess.End {
        guard let process else { throw HarnessError("the daemon was never started") }
        process.signal(signal)
        return try process.wait(within: seconds)
    }

    /// Ends it with SIGKILL.
    func kill() { process?.kill() }

    func restart() throws {
        kill()
        try start()
    }

    /// The port of the log's first line that has an address to connect to.
    private func announcedPort() -> Int? {
        // The router has an address too, and lines of its own.
        let lines = log.split(separator: "\n").filter { !$0.contains("routing requests") }.joined(separator: "\n")
        guard let start = lines.firstRange(of: "http://") ?? lines.firstRange(of: "https://") else { return nil }
        let address = lines[start.upperBound...].prefix { !$0.isWhitespace && $0 != "\"" && $0 != "/" }
        return address.split(separator: ":").last.flatMap { Int($0) }
    }
}

/// Runs the body with a daemon that is ready, and ends the daemon however the body ends.
func withDaemon<Result>(_ setup: Daemon.Setup = .init(), _ body: (Daemon) throws -> Result) throws -> Result {
    let daemon = try Daemon(setup)
    defer { daemon.kill() }
    try daemon.start()
    return try body(daemon)
}
