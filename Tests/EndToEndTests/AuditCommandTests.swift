import Testing

/// `berth audit` and `berth why --at` as their users run them.
@Suite struct `The audit on the command line` {
    private func berth(_ daemon: Daemon, _ arguments: [String]) throws -> Invocation {
        try Invocation(arguments + ["--socket", daemon.socketPath], in: TemporaryFolder())
    }

    @Test func `prints the same records as a table, as JSON and as lines`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3)
            _ = try daemon.release(lease)
            let port = "\(lease["first_port"].int ?? 0)"
            let json = try berth(daemon, ["audit", "--port", port, "--json"]).json
            #expect(json["events"].items.map { $0["event"].text } == ["lease.granted", "lease.released"])
            let lines = try berth(daemon, ["audit", "--port", port, "--format", "ndjson"]).output
            let records = try lines.split(separator: "\n").map { try JSON(parsing: $0.utf8) }
            #expect(records == json["events"].items)
            let table = try berth(daemon, ["audit", "--session", "alice", "--limit", "1"])
            #expect(table.output.hasPrefix("WHEN") && table.output.contains("session.ended"))
            #expect(table.output.split(separator: "\n").count == 2)
            let csv = try berth(daemon, ["audit", "--event", "lease.granted", "--format", "csv"]).output
            #expect(csv.hasPrefix("seq,at,event") && csv.contains(",lease.granted,"))
        }
    }

    @Test func `tells whose a port was, and with which record`() throws {
        try withDaemon { daemon in
            let lease = try daemon.granted("alice", 3, ["name": "web"])
            let port = "\(lease["first_port"].int ?? 0)"
            let at = try berth(daemon, ["why", port, "--at", lease["created_at"].text ?? ""])
            #expect(at.output.contains("lease \(lease["id"].int ?? 0) of session alice"))
            #expect(at.output.contains("lease.granted"))
            let before = try berth(daemon, ["why", port, "--at", "1h"])
            #expect(before.output.contains("Held by   nobody"))
            #expect(try berth(daemon, ["why", port, "--at", "noon"]).code == 64)
        }
    }

    @Test func `verifies, prints the head, and finds what was changed`() throws {
        try withDaemon { daemon in
            _ = try daemon.release(try daemon.granted("alice", 3))
            let whole = try berth(daemon, ["audit", "verify"])
            #expect(whole.code == 0 && whole.output.hasPrefix("The audit is whole: "))
            let head = try berth(daemon, ["audit", "head"]).output.split(separator: " ")
            #expect(head.count == 3 && whole.output.contains(head[1]))
            try daemon.stop()
            let shell = try ChildProcess(
                [
                    "/usr/bin/sqlite3", daemon.database,
                    "DROP TRIGGER leases_stay_put; UPDATE leases SET end_reason = 'lost' WHERE id = 1",
                ], environment: [:], log: daemon.folder.file("shell"))
            #expect(try shell.wait(within: 20) == .exited(0))
            try daemon.start()
            let changed = try berth(daemon, ["audit", "verify"])
            #expect(changed.code == 65 && changed.errors.contains("lease 1"))
        }
    }

    @Test func `follows through a restart of the daemon, and loses nothing`() throws {
        try withDaemon { daemon in
            let follower = try ChildProcess(
                [try BinaryUnderTest.path(), "audit", "-f", "--format", "ndjson", "--socket", daemon.socketPath],
                environment: ["HOME": daemon.folder.path], log: daemon.folder.file("follower"))
            defer { follower.kill() }
            #expect(becomesTrue { follower.output.contains("daemon.started") })
            _ = try daemon.granted("before", 1)
            try daemon.restart()
            _ = try daemon.granted("after", 1)
            #expect(becomesTrue(within: 20) { follower.output.contains("\"session\":\"after\",\"pool\"") })
            let told = try follower.output.split(separator: "\n").map { try JSON(parsing: $0.utf8)["seq"].int ?? 0 }
            #expect(told == Array(1...told.count))
        }
    }
}
