import Foundation
import Testing

@Suite struct `Pruning over HTTP and on the command line` {
    /// An instant from which on there is no record yet.
    private func now(_ daemon: Daemon) throws -> JSON {
        let last = try daemon.call("GET", "/v1/audit/head").json["at"]
        let next = try eventually {
            _ = try daemon.release(try daemon.granted("tick", 1))
            let head = try daemon.call("GET", "/v1/audit/head").json["at"]
            return head == last ? nil as JSON? : head
        }
        return try #require(next)
    }

    @Test func `archives what goes, and what is left verifies`() throws {
        try withDaemon { daemon in
            let live = try daemon.granted("live", 3)
            let ended = try daemon.granted("ended", 3)
            _ = try daemon.release(ended)
            // A lease stays as long as it is the last one that a port was in.
            let last = try daemon.granted("last", 3, ["preferred_first_port": ended["first_port"]])
            _ = try daemon.release(last)
            let before = try now(daemon)
            let old = try daemon.all("/v1/audit", "events").filter { ($0["at"].text ?? "") < (before.text ?? "") }

            let reply = try daemon.call("POST", "/v1/audit/prune", ["before": before])
            #expect(reply.status == 200 && reply.json["pruned"] == .integer(old.count), "\(reply)")
            #expect(reply.json["cut"]["seq"] == old.last?["seq"] && reply.json["cut"]["hash"] == old.last?["hash"])
            let archive = try #require(reply.json["archive"].text)
            #expect(FileManager.default.fileExists(atPath: archive))

            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
            #expect(try daemon.call("GET", "/v1/audit").json["events"].items.first?["seq"].int == old.count + 1)
            #expect(try daemon.call("GET", "/v1/leases/\(ended["id"].int ?? 0)").status == 404)
            #expect(try daemon.shown(live)["state"] == "active")
            #expect(try daemon.shown(last)["state"] == "released")
            let port = "/v1/ports/\(live["first_port"].int ?? 0)"
            let early = try daemon.call("GET", "\(port)?at=\((old.last?["at"].text ?? "").percentEncoded)")
            #expect(early.status == 410 && early.json["code"] == "history-pruned", "\(early)")
            let late = try daemon.call("GET", "\(port)?at=\((before.text ?? "").percentEncoded)")
            #expect(late.json["lease"]["id"] == live["id"], "\(late)")
            let gone = try daemon.call("GET", "/v1/events", headers: [("Last-Event-ID", "1")])
            #expect(gone.status == 410 && gone.json["code"] == "history-pruned", "\(gone)")
            let told = try daemon.call("GET", "/v1/audit?event=audit.pruned").json["events"].items
            #expect(told.count == 1 && told.first?["details"]["cut"]["archive"] == .text(archive), "\(told)")
            let again = try daemon.call("POST", "/v1/audit/prune", ["before": before])
            #expect(again.status == 200 && again.json == ["pruned": 0, "cut": .null, "archive": .null], "\(again)")
        }
    }

    @Test func `refuses what it cannot do`() throws {
        try withDaemon { daemon in
            for body: JSON in [[:], ["before": "yesterday"], ["before": 1], ["before": "2100-01-01T00:00:00Z"]] {
                let refusal = try daemon.call("POST", "/v1/audit/prune", body)
                #expect(refusal.status == 422 && refusal.json["code"] == "invalid-field", "\(body): \(refusal)")
            }
        }
    }

    private func berth(_ daemon: Daemon, _ arguments: String...) throws -> Invocation {
        try Invocation(arguments + ["--socket", daemon.socketPath], in: TemporaryFolder())
    }

    @Test func `is a command`() throws {
        try withDaemon { daemon in
            _ = try daemon.release(try daemon.granted("a", 1))
            let before = try #require(try now(daemon).text)
            let none = try berth(daemon, "audit", "prune", "--before", "1h")
            #expect(none.code == 0 && none.output.hasPrefix("No record is older than"), "\(none)")
            let done = try berth(daemon, "audit", "prune", "--before", before)
            #expect(done.code == 0 && done.output.contains(".archive/1-"), "\(done)")
            let verdict = try berth(daemon, "audit", "verify")
            #expect(verdict.code == 0 && verdict.output.contains("whole"), "\(verdict)")
            #expect(try berth(daemon, "audit", "prune").code == 64)
        }
    }

    @Test func `goes on after the daemon was killed`() throws {
        try withDaemon { daemon in
            for number in 0..<300 { _ = try daemon.release(try daemon.granted("s\(number)", 1)) }
            let before = try now(daemon)
            let count = try daemon.all("/v1/audit", "events").filter { ($0["at"].text ?? "") < (before.text ?? "") }
                .count
            let prune = try ChildProcess(
                [
                    try BinaryUnderTest.path(), "audit", "prune", "--before", before.text ?? "", "--socket",
                    daemon.socketPath,
                ], environment: ["HOME": daemon.folder.path], log: daemon.folder.file("prune"))
            defer { prune.kill() }
            // The cut is made, or not yet: either way nothing may be in halves.
            let hasBegun = becomesTrue { FileManager.default.fileExists(atPath: daemon.database + ".archive") }
            #expect(hasBegun)
            daemon.kill()
            try daemon.start()
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
            let again = try daemon.call("POST", "/v1/audit/prune", ["before": before])
            #expect(again.status == 200)
            #expect(try daemon.call("GET", "/v1/audit").json["events"].items.first?["seq"].int == count + 1)
            #expect(try daemon.call("GET", "/v1/audit/verify").json["valid"] == true)
        }
    }
}
