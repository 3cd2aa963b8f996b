import Glibc
import Testing

@Suite struct `Six servers whose launcher is killed` {
    /// Starts a launcher that owns nothing yet, and servers once it is told their ports.
    private func launcher(_ daemon: Daemon, ports: String) throws -> ChildProcess {
        let script = """
            while [ ! -s '\(ports)' ]; do sleep 0.02; done
            for port in $(cat '\(ports)'); do python3 -m http.server --bind 127.0.0.1 $port & done
            wait
            """
        return try ChildProcess(
            ["bash", "-c", script], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": daemon.folder.path],
            log: daemon.folder.file("launcher"))
    }

    @Test func `keep their ports from everybody until they are gone`() throws {
        try withDaemon(.init(poolSize: 12, quarantine: "0.2")) { daemon in
            let told = daemon.folder.file("ports")
            let launcher = try launcher(daemon, ports: told)
            let lease = try daemon.granted("alice", 6, ["owner_pid": .integer(Int(launcher.id))])
            let ports = lease["ports"].items.compactMap(\.int)
            try TemporaryFolder.write(Array(ports.map(String.init).joined(separator: " ").utf8), to: told)
            #expect(try becomesTrue { try ports.allSatisfy { try daemon.port($0)["listeners"].items.count == 1 } })
            let servers = try ports.compactMap { try daemon.port($0)["listeners"][0]["pid"].int }
            #expect(Set(servers).count == 6)

            launcher.signal(SIGKILL)
            #expect(try launcher.wait(within: 10) == .signalled(SIGKILL))
            #expect(try becomesTrue { try daemon.shown(lease)["state"] == "orphaned" })
            // Longer than the quarantine, and through a sweep by hand, the ports stay away.
            #expect(try daemon.call("POST", "/v1/reap").status == 200)
            let rest = Stopwatch()
            while rest.seconds < 1 {
                #expect(try ports.allSatisfy { try daemon.portState($0) == "quarantined" })
                let other = try daemon.granted("bob", 6)
                #expect(Set(other["ports"].items.compactMap(\.int)).isDisjoint(with: ports))
                _ = try daemon.release(other)
            }
            expectProblem(try daemon.lease("carol", 7), 503, "pool-exhausted")
            // A kill and a new start change nothing about that.
            daemon.kill()
            try daemon.start()
            #expect(try ports.allSatisfy { try daemon.portState($0) == "quarantined" })

            // One of them ends: its port alone comes back.
            Glibc.kill(pid_t(servers[2]), SIGKILL)
            #expect(try becomesTrue { try daemon.portState(ports[2]) == "free" })
            for server in servers { Glibc.kill(pid_t(server), SIGKILL) }
            #expect(try becomesTrue { try ports.allSatisfy { try daemon.portState($0) == "free" } })
            #expect(try daemon.granted("carol", 12)["count"] == 12)
        }
    }
}
