import Glibc
import Testing

/// What lies on the disk is the daemon's user's alone, and nobody else's is taken for it.
@Suite struct `The files of a daemon` {
    private static let umask0 = ["/bin/sh", "-c", "umask 0 && exec \"$@\"", "sh"]
    /// A user who is not the daemon's.
    private static let stranger: uid_t = 65_534

    /// Launches what must be refused because of `path`, and returns what it said.
    @discardableResult
    private func refusal(_ daemon: Daemon, naming path: String) throws -> String {
        let child = try daemon.launch()
        #expect(try child.wait(within: 20) == .exited(78), "\(path): \(child.errors)")
        #expect(child.output == "" && child.errors.contains(path), "\(path): \(child.errors)")
        return child.errors
    }

    private func link(_ path: String, to target: String) throws {
        guard symlink(target, path) == 0 else { throw HarnessError.system("symlink \(path)") }
    }

    /// Every file and folder below a folder, by its path within.
    private func modes(below folder: String) throws -> [String: Int] {
        var found: [String: Int] = [:]
        for name in try TemporaryFolder.names(in: folder) {
            let path = "\(folder)/\(name)"
            found[name] = TemporaryFolder.mode(path)
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            for (inner, mode) in try modes(below: path) { found["\(name)/\(inner)"] = mode }
        }
        return found
    }

    @Test func `are 0600 in folders of 0700, whatever the umask`() throws {
        let daemon = try Daemon(Daemon.Setup(wrapper: Self.umask0))
        defer { daemon.kill() }
        // A folder for each, so that nothing but the daemon has made it.
        let state = daemon.folder.file("a/state")
        daemon.setup.extra = ["--database", "\(state)/berth.db", "--token-file", daemon.folder.file("b/c/token")]
        try daemon.start()
        #expect(try daemon.release(try daemon.granted("alice", 2)).status == 204)
        let backup = daemon.folder.file("a/backup.db")
        #expect(try daemon.call("POST", "/v1/backups", ["path": .text(backup)]).status == 200)
        let later: JSON = ["before": "2100-01-01T00:00:00.000Z"]
        _ = try daemon.call("POST", "/v1/audit/prune", later)
        let made = try modes(below: daemon.folder.file("a")).merging(modes(below: daemon.folder.file("b"))) { $1 }
        let folders: Set = ["state", "c", "state/berth.db.archive"]
        for (path, mode) in made { #expect(mode == (folders.contains(path) ? 0o700 : 0o600), "\(path)") }
        for name in ["", "-wal", "-shm", "-reserve", ".lock"] {
            #expect(made["state/berth.db\(name)"] != nil, "\(name)")
        }
        #expect(made["backup.db"] != nil && made["c/token"] != nil)
        for folder in ["a", "b"] { #expect(TemporaryFolder.mode(daemon.folder.file(folder)) == 0o700) }
        #expect(TemporaryFolder.mode(daemon.socketPath) == 0o600)
    }

    @Test(arguments: [
        "berth.db", "berth.db-wal", "berth.db-shm", "berth.db-journal", "berth.db-reserve", "berth.db.lock", "token",
        "berth.sock",
    ])
    func `are no symbolic links`(name: String) throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let elsewhere = try TemporaryFolder()
        let path = daemon.folder.file(name)
        // To nothing yet: following it would make the file.
        try link(path, to: elsewhere.file("target"))
        try refusal(daemon, naming: path)
        #expect(try TemporaryFolder.names(in: elsewhere.path) == [])
        let text = Array((String(repeating: "t", count: 43) + "\n").utf8)
        try TemporaryFolder.write(text, to: elsewhere.file("target"))
        chmod(elsewhere.file("target"), 0o600)
        try refusal(daemon, naming: path)
        #expect(TemporaryFolder.bytes(elsewhere.file("target")) == text)
        unlink(path)
        try daemon.start()
    }

    @Test func `may lie behind a link on the way, and in a folder like /tmp`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let real = try TemporaryFolder()
        chmod(real.path, 0o1777)
        try link(daemon.folder.file("state"), to: real.path)
        daemon.setup.extra = ["--database", daemon.folder.file("state/berth.db")]
        try daemon.start()
        #expect(TemporaryFolder.mode(real.file("berth.db")) == 0o600)
    }

    @Test(arguments: ["--database", "--token-file", "--socket"])
    func `lie in no folder that others can write`(option: String) throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let shared = daemon.folder.file("shared")
        try #require(mkdir(shared, 0o700) == 0)
        daemon.setup.extra = [option, "\(shared)/file"]
        for mode in [0o777, 0o720, 0o2770] as [mode_t] {
            chmod(shared, mode)
            #expect(try refusal(daemon, naming: shared).contains(option), "\(mode)")
            #expect(try TemporaryFolder.names(in: shared) == [])
        }
        chmod(shared, 0o755)
        let child = try daemon.launch()
        #expect(try becomesTrue(within: 20) { try !TemporaryFolder.names(in: shared).isEmpty || child.status() != nil })
        #expect(try child.status() == nil)
    }

    @Test(
        .enabled(if: getuid() == 0, "only root can give files away"),
        arguments: ["--database", "--token-file", "--socket"])
    func `lie in no folder of another user's`(option: String) throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let folder = daemon.folder.file("theirs")
        try #require(mkdir(folder, 0o700) == 0 && chown(folder, Self.stranger, Self.stranger) == 0)
        daemon.setup.extra = [option, "\(folder)/file"]
        #expect(try refusal(daemon, naming: folder).contains("user \(Self.stranger)"))
        #expect(try TemporaryFolder.names(in: folder) == [])
    }

    @Test(
        .enabled(if: getuid() == 0, "only root can give files away"),
        arguments: ["berth.db", "berth.db-wal", "berth.db-reserve", "berth.db.lock", "token"])
    func `are no files of another user's`(name: String) throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        let path = daemon.folder.file(name)
        try TemporaryFolder.write(Array(String(repeating: "t", count: 43).utf8), to: path)
        try #require(chmod(path, 0o600) == 0 && chown(path, Self.stranger, Self.stranger) == 0)
        try refusal(daemon, naming: path)
        #expect(TemporaryFolder.bytes(path).count == 43)
    }

    @Test func `are closed to others at a start, and a token that others could read is refused`() throws {
        try withDaemon { daemon in
            try daemon.granted("alice", 1)
            daemon.kill()
            let files = ["", "-wal", "-shm", "-reserve", ".lock"].map { daemon.database + $0 }
            for file in files { try #require(chmod(file, 0o666) == 0) }
            try daemon.start()
            for file in files { #expect(TemporaryFolder.mode(file) == 0o600, "\(file)") }
            #expect(daemon.log.contains("others could open a file") && daemon.log.contains("mode=0666"))
            try daemon.stop()
            chmod(daemon.tokenFile, 0o640)
            #expect(try refusal(daemon, naming: daemon.tokenFile).contains("chmod 600"))
        }
    }

    @Test func `say what it runs only where nobody else can write`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        _ = try AgentTemplate(for: daemon)
        let file = daemon.folder.file("berth.yaml")
        for mode: mode_t in [0o660, 0o606] {
            try #require(chmod(file, mode) == 0)
            #expect(try refusal(daemon, naming: file).contains("chmod go-w"))
        }
        try #require(chmod(file, 0o644) == 0 && chmod(daemon.folder.path, 0o777) == 0)
        #expect(try refusal(daemon, naming: daemon.folder.path).contains("--config"))
        try #require(chmod(daemon.folder.path, 0o700) == 0)
        try daemon.start()
    }

    @Test func `are not waited on when they are pipes`() throws {
        for name in ["berth.db", "token", "berth.db-wal"] {
            let daemon = try Daemon()
            defer { daemon.kill() }
            try #require(mkfifo(daemon.folder.file(name), 0o600) == 0)
            try refusal(daemon, naming: daemon.folder.file(name))
        }
    }

    @Test func `hold a whole token from the start, whatever an interrupted one left`() throws {
        let daemon = try Daemon()
        defer { daemon.kill() }
        try TemporaryFolder.write([0x78], to: daemon.tokenFile + ".partial")
        try daemon.start()
        #expect(daemon.token.count == 43 && TemporaryFolder.mode(daemon.tokenFile) == 0o600)
        #expect(TemporaryFolder.mode(daemon.tokenFile + ".partial") == nil)
    }

    @Test func `go to no backup through a link, and to no folder that others can write`() throws {
        try withDaemon { daemon in
            let elsewhere = try TemporaryFolder()
            let path = daemon.folder.file("backup.db")
            try link(path, to: elsewhere.file("target"))
            let body: JSON = ["path": .text(path)]
            expectProblem(try daemon.call("POST", "/v1/backups", body), 422, "invalid-field")
            unlink(path)
            // Nor where the copy is made before it has its name.
            try link(path + ".partial", to: elsewhere.file("target"))
            #expect(try daemon.call("POST", "/v1/backups", body).status == 200)
            #expect(try TemporaryFolder.names(in: elsewhere.path) == [])
            #expect(TemporaryFolder.mode(path) == 0o600)
            chmod(elsewhere.path, 0o777)
            let there: JSON = ["path": .text(elsewhere.file("backup.db"))]
            expectProblem(try daemon.call("POST", "/v1/backups", there), 422, "invalid-field")
            chmod(elsewhere.path, 0o1777)
            #expect(try daemon.call("POST", "/v1/backups", there).status == 200)
        }
    }
}
