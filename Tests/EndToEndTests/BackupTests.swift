import Glibc
import Synchronization
import Testing

/// Backups under load, and daemons that are started on them.
@Suite struct `Backing up` {
    private func backUp(_ daemon: Daemon, _ file: String) throws -> Invocation {
        try Invocation(["backup", file, "--json", "--socket", daemon.socketPath], in: TemporaryFolder())
    }

    @Test func `is whole under load, every time`() throws {
        try withDaemon { daemon in
            let goesOn = Mutex(true)
            let endpoint = daemon.unix
            let load = try WorkerThreads(3) { number in
                while goesOn.withLock({ $0 }) { Self.leaseAndRelease(endpoint, session: "load-\(number)") }
            }
            defer {
                goesOn.withLock { $0 = false }
                load.join()
            }
            for count in 0..<8 {
                let file = daemon.folder.file("backup-\(count).db")
                let backup = try backUp(daemon, file)
                #expect(backup.code == 0, "\(backup.errors)")
                let report = try backup.json
                #expect(report["path"] == .text(file) && (report["seq"].int ?? 0) > 0)
                let doctor = try Invocation(["doctor", "--database", file, "--json"], in: TemporaryFolder())
                #expect(doctor.output.contains("is whole"), "\(doctor.output)")
            }
        }
    }

    private static func leaseAndRelease(_ endpoint: Endpoint, session: String) {
        guard let connection = try? endpoint.connect() else { return }
        defer { connection.close() }
        let body = try? JSON.object(["session": .text(session), "count": 2]).encoded()
        guard let lease = try? connection.call("POST", "/v1/leases", body), lease.status == 201 else { return }
        _ = try? connection.call("DELETE", "/v1/leases/\(lease.json["id"].int ?? 0)")
    }

    @Test func `starts with new numbers, and lets ports rest until they were looked at`() throws {
        try withDaemon(Daemon.Setup(quarantine: "1")) { daemon in
            let kept = try daemon.granted("kept", 3)
            let backup = daemon.folder.file("backup.db")
            #expect(try backUp(daemon, backup).code == 0)
            // Leased after the backup, which knows nothing of it.
            let lost = try daemon.granted("lost", 3)
            try daemon.stop()
            for suffix in ["-wal", "-shm"] { unlink(daemon.database + suffix) }
            try TemporaryFolder.write(TemporaryFolder.bytes(backup), to: daemon.database)
            try daemon.start()
            #expect(try daemon.shown(kept)["state"] == "active")
            #expect(try daemon.call("GET", "/v1/leases/\(lost["id"].int ?? 0)").status == 404)
            #expect(try daemon.portState(lost["first_port"].int ?? 0) == "quarantined")
            let restored = try daemon.all("/v1/audit?event=daemon.restored", "events")
            #expect(restored.count == 1 && (restored[0]["seq"].int ?? 0) > 1 << 32)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
            #expect(try becomesTrue { try daemon.pool()["free"] == .integer(57) })
            let next = try daemon.granted("next", 3)
            #expect((next["id"].int ?? 0) > 1 << 32)
            try daemon.restart()
            #expect(try daemon.all("/v1/audit?event=daemon.restored", "events").count == 1)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }

    @Test func `takes no place where something lies, or where nothing can be written`() throws {
        try withDaemon { daemon in
            let taken = daemon.folder.file("taken")
            try TemporaryFolder.write([1, 2], to: taken)
            for path in [taken, "/nowhere/at/all.db", "relative.db", ""] {
                let refusal = try daemon.call("POST", "/v1/backups", ["path": .text(path)])
                #expect(refusal.status == 422 && refusal.json["code"] == "invalid-field", "\(path): \(refusal)")
            }
            #expect(TemporaryFolder.bytes(taken) == [1, 2])
            #expect(try daemon.call("POST", "/v1/backups", [:]).status == 422)
            let full = try TemporaryFolder.names(in: daemon.folder.path).filter { $0.contains("partial") }
            #expect(full == [])
        }
    }
}
