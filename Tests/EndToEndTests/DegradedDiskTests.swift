import Glibc
import Testing

/// System calls of a running process that fail, from here on or for as long as this lives (strace(1), --inject).
private final class FailingCalls {
    private let tracer: ChildProcess

    /// - Parameter fault: `pwrite64:error=EROFS`.
    init(_ fault: String, in daemon: Daemon) throws {
        let process = try #require(daemon.process)
        let call = fault.prefix { $0 != ":" }
        tracer = try ChildProcess(
            [
                "strace", "-f", "-p", "\(process.id)", "-o", "/dev/null", "-e", "trace=\(call)",
                "-e", "inject=\(fault)",
            ], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
            log: daemon.folder.file("strace-\(process.id)-\(call)"))
        // It says so once it holds every thread.
        let tracer = tracer
        guard try becomesTrue(within: 20, { try tracer.errors.contains("attached") || tracer.status() != nil }),
            try tracer.status() == nil
        else { throw HarnessError("strace does not run: \(tracer.errors)") }
    }

    /// Lets the calls work again.
    func end() throws {
        tracer.signal(SIGINT)
        _ = try tracer.wait(within: 20)
    }
}

@Suite struct `A disk that refuses to be written` {
    /// What must be the same whether it is read-only, or a quota is used up: SQLite sees an I/O error in both.
    @Test(arguments: ["EROFS", "EDQUOT", "ENOSPC"])
    func `is told as such, reads go on, and so does all of it once it takes writes again`(reason: String) throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 2)
            let process = try #require(daemon.process)
            let failing = try FailingCalls("pwrite64:error=\(reason)", in: daemon)
            for _ in 0..<3 {
                let refusal = try daemon.lease("bob", 1, headers: [("Idempotency-Key", "one-and-the-same")])
                expectProblem(refusal, 503, "storage-unavailable")
                #expect(refusal["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            }
            expectProblem(try daemon.release(lease), 503, "storage-unavailable")
            expectProblem(try daemon.call("GET", "/readyz"), 503, "storage-unavailable")
            #expect(try daemon.shown(lease)["state"] == "active")
            #expect(try daemon.call("GET", "/livez").status == 200 && process.status() == nil)
            try failing.end()
            #expect(try becomesTrue { try daemon.call("GET", "/readyz").status == 200 })
            #expect(try daemon.release(lease).status == 204)
            // What was kept for releases is filled again before anything may grow.
            #expect(try becomesTrue { try daemon.lease("carol", 1).status == 201 })
            #expect(try daemon.call("GET", "/v1/sessions/bob").status == 404)
            #expect(try process.status() == nil)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }
}

@Suite struct `A write or a sync that fails` {
    @Test(arguments: ["fdatasync:error=EIO", "pwrite64:error=EIO"])
    func `answers nobody, ends the daemon, and is made good at the next start`(fault: String) throws {
        try withDaemon { daemon in
            let kept = try daemon.granted("alice", 2)
            let process = try #require(daemon.process)
            let failing = try FailingCalls(fault, in: daemon)
            let key = [("Idempotency-Key", "visit-1")]
            let answer = Result { try daemon.lease("bob", 1, headers: key) }
            expectNoAnswer(answer)
            #expect(try process.wait(within: 20) == .exited(EX_IOERR))
            #expect(daemon.log.contains("is not known to be on the disk"), "\(daemon.log)")
            try failing.end()
            try daemon.start()
            #expect(try daemon.shown(kept)["state"] == "active")
            let again = try daemon.lease("bob", 1, headers: key)
            #expect(again.status == 201)
            #expect(try daemon.all("/v1/leases?session=bob&state=all", "leases").count == 1)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }
}

@Suite struct `A database that goes away underneath` {
    /// What becomes of its files, and whether the lease from before is there at the next start.
    enum Loss: String, CaseIterable {
        case removed, removedWithLog, replaced, moved, logRemoved, lockRemoved

        func happen(to database: String) -> Bool {
            switch self {
            case .removed: unlink(database) == 0
            case .removedWithLog: ["", "-wal", "-shm"].allSatisfy { unlink(database + $0) == 0 }
            case .replaced: rename(database + ".older", database) == 0
            case .moved: rename(database, database + ".elsewhere") == 0
            case .logRemoved: unlink(database + "-wal") == 0
            case .lockRemoved: unlink(database + ".lock") == 0
            }
        }
    }

    /// Neither a status nor a byte of one.
    @Test(arguments: Loss.allCases)
    func `is answered by nobody, ends the daemon, and the next start is clean`(loss: Loss) throws {
        try withDaemon { daemon in
            let older = try daemon.granted("older", 2)
            #expect(try daemon.call("POST", "/v1/backups", ["path": .text(daemon.database + ".older")]).status == 200)
            _ = try daemon.granted("alice", 2)
            let process = try #require(daemon.process)
            let connection = try daemon.unix.connect()
            defer { connection.close() }
            #expect(try connection.call("GET", "/livez").status == 200)
            try #require(loss.happen(to: daemon.database))
            expectNoAnswer(
                Result { try connection.call("POST", "/v1/leases", Array(#"{"session": "bob", "count": 1}"#.utf8)) })
            #expect(try process.wait(within: 20) == .exited(EX_IOERR))
            #expect(daemon.log.contains("was removed, moved or replaced"), "\(daemon.log)")

            try daemon.start()
            // On a backup free ports rest until they were looked at.
            #expect(try becomesTrue(within: 20) { try daemon.lease("carol", 1).status == 201 })
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
            #expect(try daemon.call("GET", "/v1/sessions/bob").status == (loss == .lockRemoved ? 200 : 404))
            if loss == .replaced {
                #expect(try daemon.shown(older)["state"] == "active")
                #expect(try daemon.call("GET", "/v1/sessions/alice").status == 404)
            }
            #expect(try daemon.stop() == .exited(0))
        }
    }

    @Test func `is noticed by an idle daemon too`() throws {
        try withDaemon { daemon in
            let process = try #require(daemon.process)
            try #require(rename(daemon.folder.file("berth.db"), daemon.folder.file("gone.db")) == 0)
            #expect(try process.wait(within: 20) == .exited(EX_IOERR))
        }
    }
}

/// Whoever asked was told nothing: the connection ended, or there was none any more.
private func expectNoAnswer(_ answer: Result<Response, any Error>, sourceLocation: SourceLocation = #_sourceLocation) {
    switch answer {
    case .success(let response): Issue.record("it answered \(response)", sourceLocation: sourceLocation)
    case .failure(let end as Connection.Ended): #expect(end.received == [], sourceLocation: sourceLocation)
    case .failure: break
    }
}
