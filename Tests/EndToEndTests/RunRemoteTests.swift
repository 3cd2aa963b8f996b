import Glibc
import Testing

@Suite struct `berth run over a URL` {
    private func commands(_ daemon: Daemon, token: String? = nil) -> RunCommand {
        RunCommand(
            folder: daemon.folder,
            environment: ["BERTH_URL": "http://127.0.0.1:\(daemon.tcpPort)", "BERTH_TOKEN": token ?? daemon.token])
    }

    @Test func `holds a lease by its TTL, renews it, and releases it`() throws {
        try withDaemon { daemon in
            let child = try commands(daemon).start(["run", "bob", "--", "sh", "-c", "echo $PORT; exec sleep 600"])
            #expect(becomesTrue { child.output.hasSuffix("\n") })
            let lease = try #require(try daemon.leases(of: "bob").first)
            #expect(lease["owner"] == .null && lease["principal"] == "token:admin" && lease["state"] == "active")
            #expect(lease["agents"][0]["name"] == "command" && lease["agents"][0]["state"] == "reserved")
            #expect(child.output == "\(lease["first_port"].int ?? 0)\n")
            let deadline = try #require(lease["expires_at"].text)
            // Of sixty seconds twenty are over before the first renewal.
            #expect(try becomesTrue(within: 50) { try daemon.shown(lease)["expires_at"].text != deadline })
            #expect(try daemon.shown(lease)["renewed_at"] != lease["renewed_at"])
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
            #expect(try daemon.shown(lease)["state"] == "released")
        }
    }

    @Test func `exits with the command's code, and writes nothing of its own`() throws {
        try withDaemon { daemon in
            let outcome = try commands(daemon).script("echo out; exit 9", ["bob"])
            #expect(outcome.end == .exited(9) && outcome.output == "out\n" && outcome.errors == "")
            let missing = try commands(daemon).finish(["run", "bob", "--", "no-such-command"])
            #expect(missing.end == .exited(127))
            #expect(try daemon.leases(of: "bob").map { $0["state"] } == ["released", "released"])
        }
    }

    @Test func `runs nothing without a right token, or without a daemon`() throws {
        try withDaemon { daemon in
            let denied = try commands(daemon, token: "wrong").script("echo ran", ["bob"])
            #expect(denied.end == .exited(77) && denied.output == "")
            var nowhere = commands(daemon)
            daemon.kill()
            nowhere.environment["BERTH_DATABASE"] = daemon.database
            // And never opens a database that may be another host's.
            let absent = try nowhere.script("echo ran", ["bob"])
            #expect(absent.end == .exited(69) && absent.output == "" && absent.errors.contains("berth serve"))
        }
    }

    @Test func `takes no lease over that somebody else holds by its name`() throws {
        try withDaemon { daemon in
            let child = try commands(daemon).start(
                ["run", "bob", "--name", "web", "--", "sh", "-c", "echo x; exec sleep 600"])
            #expect(becomesTrue { child.output == "x\n" })
            let second = try commands(daemon).script("echo ran", ["bob", "--name", "web"])
            #expect(second.end == .exited(65) && second.output == "")
            #expect(try daemon.leases(of: "bob").map { $0["state"] } == ["active"])
        }
    }

    @Test func `lets the command go on when the lease has ended, and says nothing wrong at its end`() throws {
        try withDaemon { daemon in
            let child = try commands(daemon).start(["run", "bob", "--", "sh", "-c", "echo x; exec sleep 600"])
            #expect(becomesTrue { child.output == "x\n" })
            let lease = try #require(try daemon.leases(of: "bob").first)
            #expect(try daemon.release(lease).status == 204)
            child.signal(SIGTERM)
            #expect(try child.wait(within: 20) == .exited(143))
            #expect(child.errors == "")
        }
    }
}
