import Glibc
import Testing

@Suite struct `Starting on what it cannot use` {
    /// Launches what must be refused, and returns what it said.
    private func refusal(_ daemon: Daemon) throws -> String {
        let child = try daemon.launch()
        let end = try child.wait(within: 20)
        guard case .exited(let code) = end else { throw HarnessError("it did not exit: \(end)") }
        #expect(code != 0)
        #expect(child.output == "")
        // It says which file, or how to name another.
        #expect(child.errors.contains(daemon.database) || child.errors.contains("--database"), "\(child.errors)")
        #expect(access(daemon.socketPath, F_OK) != 0)
        return child.errors
    }

    @Test func `keeps a damaged database as it is`() throws {
        try withDaemon { daemon in
            for index in 0..<40 { try daemon.granted("s\(index)", 1, ["labels": ["k": "v"]]) }
            try daemon.stop()
            var bytes = TemporaryFolder.bytes(daemon.database)
            // Every page but the first, whose header makes it a database.
            for index in stride(from: 4096, to: bytes.count, by: 7) { bytes[index] ^= 0x5a }
            try TemporaryFolder.write(bytes, to: daemon.database)
            #expect(!(try refusal(daemon)).isEmpty)
            #expect(TemporaryFolder.bytes(daemon.database) == bytes)
        }
    }

    @Test func `keeps a database that was cut short`() throws {
        try withDaemon { daemon in
            try daemon.granted("a", 1)
            try daemon.stop()
            let bytes = Array(TemporaryFolder.bytes(daemon.database).prefix(9000))
            try TemporaryFolder.write(bytes, to: daemon.database)
            #expect(!(try refusal(daemon)).isEmpty)
            #expect(TemporaryFolder.bytes(daemon.database) == bytes)
        }
    }

    @Test func `keeps the database of another program`() throws {
        let daemon = try Daemon()
        let maker = try ChildProcess(
            [
                "sqlite3", daemon.database,
                "CREATE TABLE recipes (id INTEGER PRIMARY KEY, text TEXT); PRAGMA user_version = 7;",
            ],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], log: daemon.folder.file("sqlite3"))
        try #require(try maker.wait(within: 10) == .exited(0), "install the package sqlite3")
        let bytes = TemporaryFolder.bytes(daemon.database)
        #expect(!(try refusal(daemon)).isEmpty)
        #expect(TemporaryFolder.bytes(daemon.database) == bytes)
        let left = try TemporaryFolder.names(in: daemon.folder.path).filter { $0.hasPrefix("berth.db-") }
        #expect(left == [])
    }

    @Test func `says that the folder's place is taken by a file`() throws {
        let daemon = try Daemon()
        let place = daemon.folder.file("place")
        try TemporaryFolder.write([1, 2, 3], to: place)
        daemon.setup.extra = ["--database", place + "/berth.db"]
        let child = try daemon.launch()
        let end = try child.wait(within: 20)
        #expect(end != .exited(0) && end != .signalled(SIGILL))
        #expect(child.errors.contains(place))
        #expect(TemporaryFolder.bytes(place) == [1, 2, 3])
    }

    @Test func `leaves a file alone that lies where its socket would be`() throws {
        let daemon = try Daemon()
        try TemporaryFolder.write(Array("notes".utf8), to: daemon.socketPath)
        let child = try daemon.launch()
        #expect(try child.wait(within: 20) != .exited(0))
        #expect(child.errors.contains(daemon.socketPath))
        #expect(TemporaryFolder.text(daemon.socketPath) == "notes")
    }

    @Test func `takes over the socket that a killed daemon left behind`() throws {
        try withDaemon { daemon in
            daemon.kill()
            #expect(access(daemon.socketPath, F_OK) == 0)
            try daemon.start()
            #expect(TemporaryFolder.mode(daemon.socketPath) == 0o600)
        }
    }
}
