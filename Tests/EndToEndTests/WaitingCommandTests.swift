import Glibc
import Testing

/// Commands that wait in line for a port.
private let waitingCommands = [
    ["lease", "bob", "--wait", "60s"], ["run", "bob", "--wait", "60s", "--", "echo", "ran"],
]

@Suite struct `Commands that wait in line` {
    /// Waits until that many requests do.
    private func fill(_ daemon: Daemon, _ count: Int) throws -> [JSON] {
        let line: [JSON]? = try eventually {
            let line = try daemon.line()
            return line.count == count ? line : nil
        }
        guard let line else { throw HarnessError("\(count) requests are not in line: \(daemon.log)") }
        return line
    }

    private func ports(_ daemon: Daemon, of session: String) throws -> String {
        let lease = try #require(try daemon.leases(of: session).last)
        return lease["ports"].ints.map(String.init).joined(separator: " ")
    }

    @Test func `say nothing in a pipe, and go on with their ports`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let lease = try daemon.commands.start(["lease", "bob", "-n", "2", "--wait", "60s"])
            _ = try fill(daemon, 1)
            let run = try daemon.commands.start(
                ["run", "carol", "-n", "2", "--wait", "1m", "--", "sh", "-c", "echo $PORT_1 $PORT_2"])
            #expect(try fill(daemon, 2).map { $0["session"] } == ["bob", "carol"])
            #expect(try daemon.release(holder).status == 204)
            #expect(try lease.wait(within: 20) == .exited(0))
            #expect(try run.wait(within: 20) == .exited(0))
            #expect(lease.errors == "" && run.errors == "")
            #expect(try lease.output == ports(daemon, of: "bob") + "\n")
            #expect(try run.output == ports(daemon, of: "carol") + "\n")
            #expect(try daemon.leases(of: "carol").map { $0["state"] } == ["released"])
        }
    }

    @Test func `exit with 75 when the wait is over, and run nothing`() throws {
        try withDaemon(.init(poolSize: 4, extra: ["--max-sessions", "1"])) { daemon in
            try daemon.granted("a", 4)
            // Longer than the pause between two looks of a command that shows its place.
            for arguments in [["lease", "a", "--wait", "2s"], ["run", "a", "--wait", "2s", "--", "echo", "ran"]] {
                let watch = Stopwatch()
                let over = try daemon.commands.finish(arguments)
                #expect(over.end == .exited(75) && over.output == "", "\(over)")
                #expect(over.errors.hasPrefix("berth: ") && over.errors.split(separator: "\n").count == 1, "\(over)")
                #expect(watch.seconds > 1.99)
            }
            #expect(try daemon.commands.finish(["lease", "b", "--wait", "1s"]).end == .exited(75))
            #expect(try daemon.commands.finish(["lease", "a", "--wait", "0"]).end == .exited(75))
            for wait in ["1h1s", "x", "-1", ""] {
                #expect(try daemon.commands.finish(["lease", "a", "--wait", wait]).end == .exited(64), "\(wait)")
            }
            #expect(try daemon.line().isEmpty)
        }
    }

    @Test func `leave the line when they are ended`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            for arguments in waitingCommands {
                let child = try daemon.commands.start(arguments)
                let ticket = try fill(daemon, 1)[0]
                child.signal(SIGINT)
                #expect(try child.wait(within: 20) == .signalled(SIGINT))
                #expect(try daemon.becomes(ticket, "cancelled"))
                #expect(try daemon.ticket(ticket)["reason"] == "its client hung up")
                #expect(child.output == "" && child.errors == "")
            }
        }
    }

    @Test func `outlive the daemon, when it comes back`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let lease = try daemon.commands.start(["lease", "bob", "-n", "2", "--wait", "60s"])
            let ticket = try fill(daemon, 1)[0]
            try daemon.restart()
            #expect(try daemon.stop() == .exited(0))
            try daemon.start()
            #expect(try daemon.release(holder).status == 204)
            #expect(try lease.wait(within: 20) == .exited(0))
            #expect(try lease.output == ports(daemon, of: "bob") + "\n" && lease.errors == "")
            #expect(try daemon.ticket(ticket)["lease_id"] == daemon.leases(of: "bob").first?["id"])
        }
    }

    @Test func `outlive the daemon again, long after the first time`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let lease = try daemon.commands.start(["lease", "bob", "-n", "2", "--wait", "60s"])
            let ticket = try fill(daemon, 1)[0]
            try daemon.restart()
            // Longer than either side waits for the other to come back.
            let watch = Stopwatch()
            #expect(becomesTrue(within: 20) { watch.seconds > 11 })
            #expect(try daemon.line().map { $0["id"] } == [ticket["id"]])
            try daemon.restart()
            #expect(try daemon.release(holder).status == 204)
            #expect(try lease.wait(within: 20) == .exited(0))
            #expect(try lease.output == ports(daemon, of: "bob") + "\n")
        }
    }
}

@Suite struct `Waiting in line on a terminal` {
    @Test func `shows the place, as it changes, and then the ports`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            let holder = try daemon.granted("a", 4)
            let head = try daemon.queued("b", 4)
            let child = try daemon.commands.startOnTerminal(
                ["lease", "bob", "-n", "2", "--wait", "60s"], steps: "await in line")
            let place = "Waiting for 2 ports: "
            #expect(becomesTrue { child.output.contains(place + "number 2 in line. Ctrl-C leaves.") })
            #expect(try daemon.leave(head).status == 204)
            #expect(becomesTrue { child.output.contains(place + "next in line. Ctrl-C leaves.") })
            #expect(try daemon.release(holder).status == 204)
            #expect(try child.wait(within: 20) == .exited(0))
            let ports = try #require(try daemon.leases(of: "bob").first)["ports"].ints.map(String.init)
            // The line that showed the place is wiped away before.
            #expect(child.output.contains("\r\u{1b}[K\(ports.joined(separator: " "))\r\n"), "\(child.output)")
            #expect(child.output.hasSuffix("code 0\n"))
        }
    }

    @Test func `ends at Ctrl-C, and the place with it`() throws {
        try withDaemon(.init(poolSize: 4)) { daemon in
            try daemon.granted("a", 4)
            for arguments in waitingCommands {
                let outcome = try daemon.commands.finishOnTerminal(arguments, steps: "await next in line; keys 3")
                #expect(outcome.output.hasSuffix("code -\(SIGINT)\n"), "\(outcome)")
                #expect(outcome.output.contains("Waiting for 1 port: next in line. Ctrl-C leaves."), "\(outcome)")
                #expect(!outcome.output.contains("ran"))
                #expect(try becomesTrue { try daemon.line().isEmpty })
            }
            let ends = try daemon.all("/v1/audit?event=ticket.cancelled", "events").map { $0["reason"] }
            #expect(ends == ["its client hung up", "its client hung up"])
        }
    }
}
