import Testing

@Suite struct `berth queue` {
    private func queue(_ daemon: Daemon, _ more: [String] = []) throws -> Invocation {
        try Invocation(["queue", "--socket", daemon.socketPath] + more, in: TemporaryFolder())
    }

    /// The words of each line.
    private func rows(_ answer: Invocation) -> [[String]] {
        answer.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    @Test func `shows who waits, where, and for what`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "2"])) { daemon in
            try daemon.granted("a", 4)
            let tickets = [try daemon.queued("b", 3), try daemon.queued("c/d", 1)]
            let ids = tickets.map { String($0["id"].int ?? 0) }
            let table = try queue(daemon)
            #expect(table.code == 0 && table.errors == "")
            let words = rows(table)
            try #require(words.count == 3)
            #expect(
                words[0] == [
                    "TICKET", "PLACE", "SESSION", "COUNT", "POOL", "WAITS", "FOR", "SINCE", "ESTIMATE", "UNTIL",
                ])
            #expect(words[1].prefix(6) == [ids[0], "1", "b", "3", "default", "ports"])
            #expect(words[2].prefix(7) == [ids[1], "1", "c/d", "1", "default", "a", "session"])
            #expect(try rows(queue(daemon, ["--session", "c/d"])).dropFirst().compactMap(\.first) == [ids[1]])
            #expect(try rows(queue(daemon, ["--pool", "default"])).count == 3)
            #expect(try rows(queue(daemon, ["--pool", "web"])).count == 1)
        }
    }

    @Test func `gives the API's own objects with --json`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            for number in 0..<3 { _ = try daemon.queued("s\(number)", 1) }
            let json = try queue(daemon, ["--json"]).json
            #expect(json.members == ["tickets", "next_cursor"] && json["next_cursor"] == .null)
            #expect(try json["tickets"].items == daemon.line())
            #expect(try queue(daemon, ["--json", "--session", "s1"]).json["tickets"].items.count == 1)
        }
    }
}
