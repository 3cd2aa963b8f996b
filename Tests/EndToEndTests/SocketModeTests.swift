import Glibc
import Testing

/// A socket for several users of the host.
@Suite struct `The mode of the socket` {
    private func group(_ path: String) -> UInt32 {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_gid : .max
    }

    /// A daemon in a folder that lets everybody through.
    private func start(_ mode: [String]) throws -> Daemon {
        let daemon = try Daemon(Daemon.Setup(extra: mode))
        chmod(daemon.folder.path, 0o755)
        try daemon.start()
        return daemon
    }

    @Test(
        arguments: [
            ([], 0o600), (["--socket-mode", "0660"], 0o660), (["--socket-mode", "666"], 0o666),
        ] as [([String], Int)])
    func `is as it was asked for, and its user's alone when nobody asked`(flags: [String], mode: Int) throws {
        let daemon = try start(flags)
        defer { daemon.kill() }
        #expect(TemporaryFolder.mode(daemon.socketPath) == mode)
        // Nothing else opens with it.
        for path in [daemon.tokenFile, daemon.database, daemon.database + "-wal"] {
            #expect(TemporaryFolder.mode(path) == 0o600, "\(path)")
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can be in a group of its choice"))
    func `lets the users of a group in, each a principal of its own, and nobody else`() throws {
        // A group that every Debian has, and nobody is in.
        let daemon = try start(["--socket-mode", "0660", "--socket-group", "games"])
        defer { daemon.kill() }
        let games = Int(group(daemon.socketPath))
        #expect(games != 0 && TemporaryFolder.mode(daemon.socketPath) == 0o660)
        let folder = try UserRelay.folder()
        let member = try UserRelay(user: 65_533, groups: [games], to: daemon, in: folder)
        let connection = try member.endpoint.connect()
        defer { connection.close() }
        let body: JSON = ["session": "m", "count": 1]
        let lease = try connection.call("POST", "/v1/leases", try body.encoded())
        #expect(lease.status == 201 && lease.json["principal"] == "uid:65533")
        expectProblem(try connection.call("GET", "/v1/tokens"), 403, "forbidden")
        // Whoever is in no such group does not even get through to the daemon.
        let stranger = try UserRelay(user: 65_534, to: daemon, in: folder)
        let refused = try stranger.endpoint.connect()
        defer { refused.close() }
        #expect(throws: (any Error).self) { try refused.call("GET", "/livez") }
    }

    @Test func `is refused when it cannot be meant, before anybody is let in`() throws {
        for (flags, words) in [
            (["--socket-mode", "0640"], "0640"), (["--socket-mode", "777"], "777"), (["--socket-mode", "rw"], "rw"),
            (["--socket-group", "games"], "--socket-mode 0660"),
            (["--socket-mode", "0660", "--socket-group", "no-such-group"], "no-such-group"),
        ] {
            let daemon = try Daemon(Daemon.Setup(extra: flags))
            let child = try daemon.launch()
            defer { daemon.kill() }
            #expect(try child.wait(within: 20) == .exited(78), "\(flags)")
            #expect(daemon.log.contains(words), "\(daemon.log)")
            #expect(TemporaryFolder.mode(daemon.socketPath) == nil)
        }
    }

    @Test func `is told to be of no use behind a folder that lets nobody through`() throws {
        let daemon = try Daemon(Daemon.Setup(extra: ["--socket-mode", "0666"]))
        defer { daemon.kill() }
        try daemon.start()
        #expect(daemon.log.contains("others cannot reach the socket"))
    }
}
