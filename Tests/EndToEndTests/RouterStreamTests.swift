import Glibc
import Testing

@Suite struct `Streams through the router` {
    @Test func `come piece by piece, as the agent sends them`() throws {
        try RoutedWorld.with { world in
            let (_, agents) = try world.session("alice", ["planner"])
            let stream = try world.open("/s/alice/planner/events")
            defer { stream.close() }
            for number in 1...5 {
                // The next event is not made before this one was seen.
                _ = try stream.receiveRest(until: "data: alice/planner \(number)\n\n")
                #expect(try agents[0].ask("/go").status == 200)
            }
        }
    }

    @Test func `end for the agent when the client hangs up`() throws {
        try RoutedWorld.with { world in
            let (_, agents) = try world.session("alice", ["planner"])
            let holding = try world.open("/s/alice/planner/hold")
            #expect(try becomesTrue { try agents[0].ask("/requests").json.items.contains("/hold") })
            #expect(try agents[0].ask("/hangups").json == 0)
            holding.close()
            #expect(try becomesTrue { try agents[0].ask("/hangups").json == 1 })
        }
    }

    @Test func `are cut when their lease ends, and what has no answer yet is refused`() throws {
        try RoutedWorld.with { world in
            let (lease, agents) = try world.session("alice", ["planner"])
            let stream = try world.open("/s/alice/planner/events")
            _ = try stream.receiveRest(until: "data: alice/planner 1\n\n")
            let waiting = try world.open("/s/alice/planner/hold")
            #expect(try becomesTrue { try agents[0].ask("/requests").json.items.contains("/hold") })
            #expect(try world.daemon.release(lease).status == 204)
            expectProblem(try waiting.receive(), 502, "agent-unreachable")
            // No last chunk says that this is all.
            let rest = try stream.receiveRest()
            #expect(rest.isEmpty)
            expectProblem(try world.get("/s/alice/planner/"), 404, "not-found")
            #expect(try agents[0].ask("/").status == 200)
        }
    }

    @Test func `of a hundred megabytes leave the daemon's memory as it was`() throws {
        try RoutedWorld.with { world in
            _ = try world.session("alice", ["planner"])
            #expect(try world.call("POST", "/s/alice/planner/", [1, 2, 3]).json["length"] == 3)
            let before = try residentBytes(world.daemon)
            let connection = try world.endpoint.connect()
            defer { connection.close() }
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            try connection.send(
                "POST /s/alice/planner/ HTTP/1.1\r\nHost: \(world.endpoint.host)\r\nAuthorization: \(world.bearer.1)\r\n"
                    + "Content-Length: \(100 * piece.count)\r\n\r\n")
            for _ in 0..<100 { try connection.send(piece) }
            #expect(try connection.receive().json["length"] == .integer(100 * piece.count))
            #expect(try residentBytes(world.daemon) - before < 32 << 20)
        }
    }

    @Test func `of another protocol are passed as they are, and end on each side by themselves`() throws {
        try RoutedWorld.with { world in
            let (lease, _) = try world.session("alice", ["planner"])
            let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")]
            let tunnel = try world.open("/s/alice/planner/upgrade", headers: upgrade)
            let answer = try tunnel.receive()
            #expect(answer.status == 101 && answer["upgrade"] == "websocket" && answer["connection"] == "Upgrade")
            _ = try tunnel.receiveRest(until: "hello ")
            for word in ["one", "two"] {
                try tunnel.send(word)
                _ = try tunnel.receiveRest(until: word.uppercased())
            }
            tunnel.finishSending()
            #expect(String(decoding: try tunnel.receiveRest(), as: UTF8.self) == " goodbye")
            let other = try world.open("/s/alice/planner/upgrade", headers: upgrade)
            #expect(try other.receive().status == 101)
            _ = try other.receiveRest(until: "hello ")
            #expect(try world.daemon.release(lease).status == 204)
            _ = try other.receiveRest()
        }
    }

    /// Memory that is in the daemon's hands at its highest (proc_pid_status(5)).
    private func residentBytes(_ daemon: Daemon) throws -> Int {
        let status = TemporaryFolder.text("/proc/\(daemon.process?.id ?? 0)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let kilobytes = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first,
            let number = Int(kilobytes)
        else { throw HarnessError("the daemon's memory is not told") }
        return number * 1024
    }
}
